-- id, kind, queue, digest -> 1 if the job is new, 0 if it is known already.
-- The payload was written just before, with an expiry that is taken off here.
-- Idempotency keys, quotas and depth limits belong here: one step decides.
local id, kind, queue, digest = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local job, payload = key('job', id), key('payload', id)
local state = redis.call('HGET', job, 'state')
if state == 'queued' or state == 'running' then
  redis.call('PERSIST', payload)
  return 0
end
if state or redis.call('EXISTS', key('tombstone', id)) == 1 then
  redis.call('UNLINK', payload)
  return 0
end
if redis.call('PERSIST', payload) == 0 then
  return redis.error_reply('ERR the payload of the job is missing')
end
redis.call('HSET', job, 'kind', kind, 'queue', queue, 'digest', digest, 'state', 'queued',
  'attempt', 0, 'losses', 0, 'created_at', stamp(now()))
redis.call('LPUSH', key('queue', queue), id)
redis.call('SADD', queues, queue)
return 1
