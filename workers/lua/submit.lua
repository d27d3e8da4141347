-- id, kind, queue, digest, caller, share (1 or 0), time limit or '', seconds until the deadline or '',
-- metadata, name of the idempotency key or '', fingerprint, life of that key in s, quota, depth,
-- retention in s, tombstone in s, origin or '' -> {verdict, id, seconds after which to try again}.
-- Verdicts: new, cached, joined, known, replayed; mismatch, quota, depth.
-- The payload was written just before, with an expiry that is taken off here.
local id, kind, queue, digest, caller, share = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6] == '1'
local time_limit, cancel_after, metadata, name, fingerprint = ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11]
local keep = { tonumber(ARGV[15]), tonumber(ARGV[16]) }
local job, payload = key('job', id), key('payload', id)
local known = redis.call('HMGET', job, 'state', 'leader')
if (known[1] == 'queued' or known[1] == 'running') and not known[2] then
  redis.call('PERSIST', payload)
  return { 'known', id, '0' }
end
if known[1] or redis.call('EXISTS', key('tombstone', id)) == 1 then
  redis.call('UNLINK', payload)
  return { 'known', id, '0' }
end
local no = earlier('job', name, fingerprint)
if not no and not (share and redis.call('EXISTS', key('result', digest)) == 1) then
  no = refusal(queue, caller, 1, tonumber(ARGV[13]), tonumber(ARGV[14]))
end
if no then
  redis.call('UNLINK', payload)
  return no
end
if redis.call('PERSIST', payload) == 0 then
  return redis.error_reply('VANISHED the payload of the job')
end
redis.call('ZADD', key('jobs', caller), create(id, kind, queue, caller, digest, 1), id)
note('job', id, 'time_limit_s', time_limit)
note('job', id, 'metadata', metadata)
note('job', id, 'origin', ARGV[17])
expire_after(id, cancel_after)
remember(name, id, fingerprint, tonumber(ARGV[12]))
count('submitted:' .. kind)
return { admit(id, share, keep), id, '0' }
