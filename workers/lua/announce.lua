-- name, its queues as JSON, life in s: a worker says that it is there.
local name, told, life = ARGV[1], ARGV[2], tonumber(ARGV[3])
local time = now()
redis.call('ZREMRANGEBYSCORE', workers, '-inf', time - math.max(life, 600)) -- those that have stalled are shown for a while
redis.call('ZADD', workers, time, name)
redis.call('SET', key('worker', name), told, 'PX', milliseconds(life))
return 1
