-- id, attempt, retention in s, tombstone in s, state, outcome, engine, error, succeeded, failed (items of a chunk)
-- -> 1 if this attempt ended the job, else 0. The result waits under a key of its attempt and only gets its
-- name here, so that a late attempt can neither replace it nor be copied through Lua.
local id, attempt, keep, state = ARGV[1], ARGV[2], { tonumber(ARGV[3]), tonumber(ARGV[4]) }, ARGV[5]
local job, staged = key('job', id), key('staged', id .. ':' .. attempt)
if not mine(id, attempt) then
  redis.call('UNLINK', staged)
  return 0
end
redis.call('ZREM', leases, id)
local told = redis.call('HMGET', job, 'state', 'ending', 'address')
if told[1] == 'canceling' then -- a promise: also if it has come to an answer in the meantime
  close(id, told[2], keep)
elseif state == 'succeeded' then
  redis.call('RENAME', staged, key('result', told[3])) -- its absence is an error: only the lease has gone yet
  redis.call('HSET', key('answer', told[3]), 'outcome', ARGV[6], 'engine', ARGV[7])
  redis.call('HSET', job, 'succeeded', ARGV[9], 'failed', ARGV[10])
  keep_pace(id)
  close(id, state, keep)
elseif state == 'failed' then
  keep_pace(id)
  close(id, state, keep, 'error', ARGV[8])
else
  close(id, state, keep)
end
return 1
