-- id, id of the new batch, quota, depth, origin or '' -> {verdict, id, seconds to wait}. A new batch of the chunks that did not
-- succeed. Verdicts: new, replayed; unknown, busy, succeeded (nothing to retry), quota, depth.
local id, fresh = ARGV[1], ARGV[2]
local batch = key('batch', id)
local told = redis.call('HMGET', batch, 'finished_at', 'chunks', 'caller', 'metadata', 'retried_as')
if not told[2] then
  return { 'unknown', '', '0' }
elseif not told[1] then
  return { 'busy', '', '0' }
elseif told[5] and redis.call('EXISTS', key('batch', told[5])) == 1 then
  return { 'replayed', told[5], '0' }
end
local again, items, names = {}, 0, {}
for index = 0, tonumber(told[2]) - 1 do
  local chunk = redis.call('HMGET', key('job', id .. '.' .. index), 'state', 'items', 'queue')
  if chunk[1] and chunk[1] ~= 'succeeded' then
    table.insert(again, { index, chunk[2], chunk[3] })
    items, names[chunk[3]] = items + tonumber(chunk[2]), true
  end
end
if #again == 0 then
  return { 'succeeded', '', '0' }
end
local no = refusal_of_any(names, told[3], items, tonumber(ARGV[3]), tonumber(ARGV[4]))
if no then
  return no
end
create_batch(fresh, told[3], items, #again, 'retry_of', id)
note('batch', fresh, 'metadata', told[4])
note('batch', fresh, 'origin', ARGV[5])
redis.call('HSET', batch, 'retried_as', fresh)
for place, old in ipairs(again) do
  redis.call('COPY', key('payload', id .. '.' .. old[1]), key('payload', fresh .. '.' .. (place - 1)))
  admit(create_chunk(fresh, place - 1, old[3], told[3], old[2]), false, {})
end
changed('batch', fresh)
return { 'new', fresh, '0' }
