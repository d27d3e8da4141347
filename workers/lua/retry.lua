-- id, id of the new job, quota, depth, retention in s, tombstone in s, origin or ''
-- -> {verdict, id, seconds after which to try again}.
-- Verdicts: new, cached, joined, replayed (retried before: the same new job); unknown, busy, succeeded, quota, depth.
local id, fresh, keep = ARGV[1], ARGV[2], { tonumber(ARGV[5]), tonumber(ARGV[6]) }
local job = key('job', id)
local told = redis.call('HMGET', job, 'state', 'retried_as', 'queue', 'caller', 'kind', 'digest', 'time_limit_s', 'metadata')
if not told[1] or redis.call('HEXISTS', job, 'batch') == 1 then
  return { 'unknown', '', '0' }
elseif told[2] and redis.call('EXISTS', key('job', told[2])) == 1 then
  return { 'replayed', told[2], '0' }
elseif told[1] == 'succeeded' then
  return { 'succeeded', '', '0' }
elseif told[1] ~= 'failed' and told[1] ~= 'canceled' and told[1] ~= 'expired' then
  return { 'busy', '', '0' }
end
local no = refusal(told[3], told[4], 1, tonumber(ARGV[3]), tonumber(ARGV[4]))
if no then
  return no
end
redis.call('COPY', key('payload', id), key('payload', fresh))
redis.call('PERSIST', key('payload', fresh))
local sequence = create(fresh, told[5], told[3], told[4], told[6], 1, 'retry_of', id)
redis.call('ZADD', key('jobs', told[4]), sequence, fresh)
note('job', fresh, 'time_limit_s', told[7])
note('job', fresh, 'metadata', told[8])
note('job', fresh, 'origin', ARGV[7])
redis.call('HSET', job, 'retried_as', fresh)
count('submitted:' .. told[5])
return { admit(fresh, true, keep), fresh, '0' }
