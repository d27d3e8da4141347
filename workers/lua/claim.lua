-- queue, lease in s, retention in s, tombstone in s -> {id, kind, attempt, time limit or '', origin or ''}, or nil if nothing waits.
-- If the answer is lost on its way, the lease brings the job back.
local queue, lease, keep = ARGV[1], tonumber(ARGV[2]), { tonumber(ARGV[3]), tonumber(ARGV[4]) }
local turns = key('turns', queue)
while true do
  local caller = redis.call('RPOP', turns)
  if not caller then
    return false
  end
  local id = redis.call('ZPOPMIN', line_of(queue, caller))[1]
  if redis.call('EXISTS', line_of(queue, caller)) == 1 then
    redis.call('LPUSH', turns, caller)
  end
  local told = id and redis.call('HMGET', key('job', id), 'state', 'deadline_at', 'address', 'batch', 'kind', 'time_limit_s')
  if id then
    redis.call('ZREM', key('waiting', queue), id)
  end
  local job, time = id and key('job', id), now()
  if not id or told[1] ~= 'queued' then
    -- An id that vanished is dropped.
  elseif told[2] and tonumber(told[2]) <= time then
    close(id, 'expired', keep)
  elseif redis.call('EXISTS', key('result', told[3])) == 1 then
    redis.call('HSET', job, 'cached', 1) -- an equal job has ended in the meantime
    close(id, 'succeeded', keep)
  else
    local attempt = redis.call('HINCRBY', job, 'attempt', 1)
    redis.call('HSET', job, 'state', 'running', 'started_at', stamp(time))
    redis.call('ZADD', leases, time + lease, id)
    count('attempts:' .. queue)
    changed('job', id)
    if told[4] and redis.call('HGET', key('batch', told[4]), 'state') == 'queued' then
      redis.call('HSET', key('batch', told[4]), 'state', 'running', 'started_at', stamp(time))
      changed('batch', told[4])
    end
    local origin = redis.call('HGET', told[4] and key('batch', told[4]) or job, 'origin')
    return { id, told[5], attempt, told[6] or '', origin or '' }
  end
end
