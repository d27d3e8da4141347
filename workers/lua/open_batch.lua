-- id, caller, items, seconds until the deadline or '', metadata, name of the idempotency key, fingerprint, life of
-- that key in s, quota, depth, origin or '', then for each chunk its queue and its items -> {verdict, id, seconds to wait}.
-- Verdicts: new, known, replayed; mismatch, quota, depth. The payloads of the chunks were written just before.
local id, caller, items, cancel_after, metadata = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
local name, fingerprint, chunks = ARGV[6], ARGV[7], (#ARGV - 11) / 2
local batch = key('batch', id)
if redis.call('EXISTS', batch) == 1 then
  return { 'known', id, '0' }
end
local names = {}
for index = 0, chunks - 1 do
  names[ARGV[12 + 2 * index]] = true
end
local no = earlier('batch', name, fingerprint)
  or refusal_of_any(names, caller, items, tonumber(ARGV[9]), tonumber(ARGV[10]))
if no then
  for index = 0, chunks - 1 do
    redis.call('UNLINK', key('payload', id .. '.' .. index))
  end
  return no
end
for index = 0, chunks - 1 do -- before anything is written
  if redis.call('EXISTS', key('payload', id .. '.' .. index)) == 0 then
    return redis.error_reply('VANISHED the payload of a chunk')
  end
end
create_batch(id, caller, items, chunks)
note('batch', id, 'metadata', metadata)
note('batch', id, 'origin', ARGV[11])
remember(name, id, fingerprint, tonumber(ARGV[8]))
for index = 0, chunks - 1 do
  local chunk = create_chunk(id, index, ARGV[12 + 2 * index], caller, ARGV[13 + 2 * index])
  expire_after(chunk, cancel_after)
  admit(chunk, false, {})
end
changed('batch', id)
return { 'new', id, '0' }
