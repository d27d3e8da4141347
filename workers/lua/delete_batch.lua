-- id -> 'deleted', 'gone', 'busy', or nil if there never was such a batch. A batch that has not
-- ended is busy: it is to be cancelled first.
local id = ARGV[1]
local batch = key('batch', id)
local told = redis.call('HMGET', batch, 'finished_at', 'chunks', 'caller')
if not told[2] then
  return redis.call('EXISTS', key('tombstone', id)) == 1 and 'gone' or false
elseif not told[1] then
  return 'busy'
end
for index = 0, tonumber(told[2]) - 1 do
  for _, room in ipairs({ 'job', 'payload', 'result', 'answer' }) do
    redis.call('UNLINK', key(room, id .. '.' .. index))
  end
end
redis.call('UNLINK', batch, key('done', id))
redis.call('ZREM', ended, id .. '|' .. told[3])
redis.call('PUBLISH', prefix .. 'changes', id)
return 'deleted'
