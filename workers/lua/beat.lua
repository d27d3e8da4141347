-- id, attempt, lease in s, fraction or '', progress or '' -> 1 to go on, 2 to cancel, 0 if the job is not the attempt's.
local id, attempt, lease, fraction, progress = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
if not mine(id, attempt) then
  return 0
end
local job = key('job', id)
redis.call('ZREM', leases, id)
redis.call('ZADD', leases, now() + lease, id)
if progress ~= '' then
  -- A later attempt begins anew; what callers see never goes backwards.
  local before = redis.call('HMGET', job, 'fraction', 'progress')
  local back = fraction ~= '' and tonumber(fraction) < tonumber(before[1] or '0')
  if not back and (before[2] ~= progress or fraction ~= (before[1] or '')) then
    redis.call('HSET', job, 'progress', progress)
    if fraction ~= '' then
      redis.call('HSET', job, 'fraction', fraction)
    end
    changed('job', id)
  end
end
return redis.call('HGET', job, 'state') == 'canceling' and 2 or 1
