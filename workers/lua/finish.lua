-- id, attempt, retention in s, tombstone in s, state, then fields and values -> 1 if this attempt ended
-- the job, else 0. The result waits under a key of its attempt and only gets its name here, so that a
-- late attempt can neither replace it nor be copied through Lua.
local id, attempt, keep, state = ARGV[1], ARGV[2], { tonumber(ARGV[3]), tonumber(ARGV[4]) }, ARGV[5]
local staged = key('staged', id .. ':' .. attempt)
if not mine(id, attempt) then
  redis.call('UNLINK', staged)
  return 0
end
if state == 'succeeded' then
  redis.call('RENAME', staged, key('result', id)) -- its absence is an error: nothing has been written yet
end
close(id, state, keep, unpack(ARGV, 6))
return 1
