-- Records of version 0.1.0, which knew no callers and kept each queue as a list, become records of this one.
-- -> how many. Safe to repeat.
local found = 0
local function adopt(id)
  local job = key('job', id)
  if redis.call('HEXISTS', job, 'state') == 0 or redis.call('HEXISTS', job, 'sequence') == 1 then
    return false
  end
  redis.call('HSET', job, 'caller', '', 'items', 1, 'sequence', redis.call('INCR', prefix .. 'sequence'), 'address', id)
  redis.call('HINCRBY', unfinished, '', 1)
  found = found + 1
  return true
end
for _, id in ipairs(redis.call('ZRANGE', leases, 0, -1)) do
  adopt(id)
end
for _, queue in ipairs(redis.call('SMEMBERS', queues)) do
  local list = key('queue', queue)
  local id = redis.call('RPOP', list)
  while id do
    if adopt(id) and redis.call('HGET', key('job', id), 'state') == 'queued' then
      enqueue(id, 'LPUSH')
    end
    id = redis.call('RPOP', list)
  end
end
return found
