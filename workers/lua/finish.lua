-- id, attempt, retention in s, tombstone in s, state, outcome, engine, error, succeeded, failed (items of a chunk)
-- -> 1 if this attempt ended the job, else 0. The result waits under a key of its attempt and only gets its
-- name here, so that a late attempt can neither replace it nor be copied through Lua.
local id, attempt, keep, state = ARGV[1], ARGV[2], { tonumber(ARGV[3]), tonumber(ARGV[4]) }, ARGV[5]
local job, staged = key('job', id), key('staged', id .. ':' .. attempt)
if not mine(id, attempt) then
  redis.call('UNLINK', staged)
  return 0
end
if state == 'succeeded' and redis.call('EXISTS', staged) == 0 then
  return redis.error_reply('VANISHED the result of the attempt') -- the lease stays, and the result can be staged again
end
redis.call('ZREM', leases, id)
local told = redis.call('HMGET', job, 'state', 'ending', 'address')
if told[1] == 'canceling' then -- a promise: also if it has come to an answer in the meantime
  close(id, told[2], keep)
elseif state == 'succeeded' then
  if ARGV[6] == 'time_limit' then
    keep_to_itself(id) -- with more time it would be another result
    told[3] = id
  end
  redis.call('RENAME', staged, key('result', told[3]))
  redis.call('HSET', key('answer', told[3]), 'outcome', ARGV[6], 'engine', ARGV[7])
  redis.call('HSET', job, 'succeeded', ARGV[9], 'failed', ARGV[10])
  keep_paces(id, keep)
  close(id, state, keep)
elseif state == 'failed' then
  keep_paces(id, keep)
  close(id, state, keep, 'error', ARGV[8])
else
  close(id, state, keep)
end
return 1
