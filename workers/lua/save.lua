-- id, attempt -> 1 if the checkpoint of this attempt, which was written just before, is now that of the job; else 0.
-- It only gets its name here, so that a late attempt can neither replace a newer one nor be copied through Lua.
local id, attempt = ARGV[1], ARGV[2]
local job, saved = key('job', id), key('saved', id .. ':' .. attempt)
if not mine(id, attempt) or redis.call('HGET', job, 'state') == 'canceling' then
  redis.call('UNLINK', saved)
  return 0
end
if redis.call('EXISTS', saved) == 0 then
  return redis.error_reply('VANISHED the checkpoint of the attempt')
end
redis.call('RENAME', saved, key('checkpoint', id))
redis.call('PERSIST', key('checkpoint', id))
redis.call('HSET', job, 'saved', 1)
return 1
