-- Put before each script of this folder. A script runs alone and in one go, and may be repeated.
-- While Redis is at `maxmemory` it refuses the first write of a script if that write could grow the
-- memory, and none after it: a script that ends work (beat, finish, release, reap) therefore begins
-- with a removal, so that a full server can still become emptier.

local prefix = KEYS[1]
local leases = prefix .. 'leases'
local queues = prefix .. 'queues'
local workers = prefix .. 'workers'

local function key(room, name)
  return prefix .. room .. ':' .. name
end

-- The only clock: those of the workers may differ by hours.
local function now()
  local time = redis.call('TIME')
  return tonumber(time[1]) + tonumber(time[2]) / 1e6
end

local function stamp(time)
  return string.format('%.6f', time)
end

local function milliseconds(seconds)
  return math.ceil(seconds * 1000)
end

-- The attempt is the fencing token: whoever holds an older one has lost the job.
local function mine(id, attempt)
  local job = redis.call('HMGET', key('job', id), 'state', 'attempt')
  return job[1] == 'running' and job[2] == attempt
end

-- The one way into a terminal state. `keep` is {retention in s, further life of the tombstone in s}.
local function close(id, state, keep, ...)
  local job = key('job', id)
  redis.call('ZREM', leases, id)
  redis.call('UNLINK', key('payload', id))
  for attempt = 1, tonumber(redis.call('HGET', job, 'attempt')) do
    redis.call('UNLINK', key('staged', id .. ':' .. attempt)) -- of a worker that died over it
  end
  local time = now()
  local retention = milliseconds(keep[1])
  redis.call('HSET', job, 'state', state, 'finished_at', stamp(time), 'expires_at', stamp(time + keep[1]), ...)
  redis.call('PEXPIRE', job, retention)
  redis.call('PEXPIRE', key('result', id), retention)
  redis.call('SET', key('tombstone', id), state, 'PX', retention + milliseconds(keep[2]))
end

-- A running job whose worker is gone: to the head of its queue, or failed once it has cost `limit` workers.
local function give_back(id, cost, limit, keep, lost)
  local job = key('job', id)
  redis.call('ZREM', leases, id)
  if redis.call('HINCRBY', job, 'losses', cost) >= limit then
    close(id, 'failed', keep, 'error', lost)
    return 'failed'
  end
  redis.call('HSET', job, 'state', 'queued')
  redis.call('HDEL', job, 'started_at', 'progress')
  redis.call('RPUSH', key('queue', redis.call('HGET', job, 'queue')), id)
  return 'queued'
end
