-- retention in s, tombstone in s, error when lost too often, limit of losses, most leases a round
-- -> {ids queued again, ids failed, {queue, waiting, queue, waiting, ...}}.
-- Deadlines belong here.
local keep, lost, limit = { tonumber(ARGV[1]), tonumber(ARGV[2]) }, ARGV[3], tonumber(ARGV[4])
local queued, failed, waiting = {}, {}, {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', now(), 'LIMIT', 0, tonumber(ARGV[5]))) do
  if redis.call('HGET', key('job', id), 'state') ~= 'running' then
    redis.call('ZREM', leases, id)
  elseif give_back(id, 1, limit, keep, lost) == 'queued' then
    table.insert(queued, id)
  else
    table.insert(failed, id)
  end
end
for _, queue in ipairs(redis.call('SMEMBERS', queues)) do
  local length = redis.call('LLEN', key('queue', queue))
  if length > 0 then
    table.insert(waiting, queue)
    table.insert(waiting, length)
  end
end
return { queued, failed, waiting }
