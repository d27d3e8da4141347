-- id, caller, items, seconds until the deadline or '', metadata, name of the idempotency key, fingerprint, life of
-- that key in s, quota, depth, then for each chunk its queue and its items -> {verdict, id, seconds to wait}.
-- Verdicts: new, known, replayed; mismatch, quota, depth. The payloads of the chunks were written just before.
local id, caller, items, cancel_after, metadata = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
local name, fingerprint, chunks = ARGV[6], ARGV[7], (#ARGV - 10) / 2
local batch = key('batch', id)
if redis.call('EXISTS', batch) == 1 then
  return { 'known', id, '0' }
end
local no = earlier('batch', name, fingerprint)
  or refusal(ARGV[11], caller, items, tonumber(ARGV[9]), tonumber(ARGV[10]))
if no then
  for index = 0, chunks - 1 do
    redis.call('UNLINK', key('payload', id .. '.' .. index))
  end
  return no
end
for index = 0, chunks - 1 do -- before anything is written
  if redis.call('EXISTS', key('payload', id .. '.' .. index)) == 0 then
    return redis.error_reply('ERR the payload of a chunk is missing')
  end
end
local time = now()
redis.call('HSET', batch, 'caller', caller, 'state', 'queued', 'items', items, 'chunks', chunks, 'pending', chunks,
  'succeeded', 0, 'failed', 0, 'canceled', 0, 'expired', 0, 'created_at', stamp(time))
if metadata ~= '' then
  redis.call('HSET', batch, 'metadata', metadata)
end
if cancel_after ~= '' then
  redis.call('HSET', batch, 'deadline_at', stamp(time + tonumber(cancel_after)))
end
remember(name, id, fingerprint, tonumber(ARGV[8]))
for index = 0, chunks - 1 do
  local chunk, sequence = id .. '.' .. index, redis.call('INCR', prefix .. 'sequence')
  redis.call('PERSIST', key('payload', chunk))
  redis.call('HSET', key('job', chunk), 'kind', 'chunk', 'queue', ARGV[11 + 2 * index], 'digest', '',
    'caller', caller, 'state', 'queued', 'attempt', 0, 'losses', 0, 'items', ARGV[12 + 2 * index],
    'sequence', sequence, 'created_at', stamp(time), 'batch', id, 'index', index)
  if cancel_after ~= '' then
    redis.call('HSET', key('job', chunk), 'deadline_at', stamp(time + tonumber(cancel_after)))
    redis.call('ZADD', deadlines, time + tonumber(cancel_after), chunk)
  end
  admit(chunk, false, {})
end
changed('batch', id)
count('submitted:batch')
return { 'new', id, '0' }
