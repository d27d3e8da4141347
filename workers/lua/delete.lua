-- id, retention in s, tombstone in s -> 'deleted', 'gone', 'busy', or nil if there never was such a job.
-- A result goes with the last job that holds it.
local id, keep = ARGV[1], { tonumber(ARGV[2]), tonumber(ARGV[3]) }
local job = key('job', id)
if redis.call('HEXISTS', job, 'batch') == 1 then
  return false -- a chunk is its batch's own affair
end
local state = cancel(id, 'canceled', keep)
if state == 'canceling' then
  return 'busy'
elseif not state then
  return redis.call('EXISTS', key('tombstone', id)) == 1 and 'gone' or false
end
local told = redis.call('HMGET', job, 'caller', 'address', 'state', 'expires_at')
redis.call('UNLINK', job, key('payload', id))
redis.call('ZREM', key('jobs', told[1]), id)
redis.call('ZREM', ended, id .. '|' .. told[1])
if told[3] == 'succeeded' and redis.call('HINCRBY', key('answer', told[2]), 'holders', -1) <= 0 then
  redis.call('UNLINK', key('answer', told[2]), key('result', told[2]), key('input', told[2]))
end
redis.call('PUBLISH', prefix .. 'changes', id)
return 'deleted'
