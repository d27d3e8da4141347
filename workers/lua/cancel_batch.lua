-- id, retention in s, tombstone in s -> the state in which this leaves the batch; nil if there is none.
local id, keep = ARGV[1], { tonumber(ARGV[2]), tonumber(ARGV[3]) }
local batch = key('batch', id)
local told = redis.call('HMGET', batch, 'state', 'chunks')
if told[1] == 'queued' or told[1] == 'running' then
  redis.call('HDEL', batch, 'ending')
  redis.call('HSET', batch, 'state', 'canceling', 'ending', 'canceled')
  changed('batch', id)
  for index = 0, tonumber(told[2]) - 1 do
    cancel(id .. '.' .. index, 'canceled', keep)
  end
end
return redis.call('HGET', batch, 'state')
