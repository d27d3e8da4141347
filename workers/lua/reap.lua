-- retention in s, tombstone in s, error when lost too often, limit of losses, most of anything in one round
-- -> {ids queued again, ids ended, {queue, waiting, queue, waiting, ...}}.
local keep, lost, limit = { tonumber(ARGV[1]), tonumber(ARGV[2]) }, ARGV[3], tonumber(ARGV[4])
local time, most = now(), tonumber(ARGV[5])
local queued, closed, waiting = {}, {}, {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', time, 'LIMIT', 0, most)) do
  local state = redis.call('HGET', key('job', id), 'state')
  if state ~= 'running' and state ~= 'canceling' then
    redis.call('ZREM', leases, id)
  else
    table.insert(give_back(id, 1, limit, keep, lost) == 'queued' and queued or closed, id)
    count('leases_ended')
  end
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', deadlines, '-inf', time, 'LIMIT', 0, most)) do
  redis.call('ZREM', deadlines, id)
  cancel(id, 'expired', keep)
end
for _, name in ipairs(redis.call('ZRANGEBYSCORE', ended, '-inf', time, 'LIMIT', 0, most)) do
  redis.call('ZREM', ended, name)
  local id, caller = string.match(name, '^([^|]*)|(.*)$')
  redis.call('ZREM', key('jobs', caller), id)
end
for _, queue in ipairs(redis.call('SMEMBERS', queues)) do
  local length = redis.call('ZCARD', key('waiting', queue))
  if length > 0 then
    table.insert(waiting, queue)
    table.insert(waiting, length)
  end
end
return { queued, closed, waiting }
