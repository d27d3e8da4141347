-- id, attempt, lease in s, progress or '' -> 1 if the attempt still holds the job, else 0.
-- The flag that asks to cancel belongs into the answer.
local id, attempt, lease, progress = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
if not mine(id, attempt) then
  return 0
end
redis.call('ZREM', leases, id)
redis.call('ZADD', leases, now() + lease, id)
if progress ~= '' then
  redis.call('HSET', key('job', id), 'progress', progress)
end
return 1
