-- queue, lease in s -> {id, kind, attempt}, or nil if nothing waits.
-- Fairness between callers and deadlines belong here: this is where the next job is chosen.
-- If the answer is lost on its way, the lease brings the job back.
local queue, lease = key('queue', ARGV[1]), tonumber(ARGV[2])
while true do
  local id = redis.call('RPOP', queue)
  if not id then
    return false
  end
  local job = key('job', id)
  -- An id that vanished or is no longer queued is dropped.
  if redis.call('HGET', job, 'state') == 'queued' then
    local time = now()
    local attempt = redis.call('HINCRBY', job, 'attempt', 1)
    redis.call('HSET', job, 'state', 'running', 'started_at', stamp(time))
    redis.call('ZADD', leases, time + lease, id)
    return { id, redis.call('HGET', job, 'kind'), attempt }
  end
end
