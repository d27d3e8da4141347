-- Put before each script of this folder. A script runs alone and in one go, and may be repeated.
-- While Redis is at `maxmemory` it refuses the first write of a script if that write could grow the
-- memory, and none after it: a script that ends work (beat, finish, release, reap, cancel, delete)
-- therefore begins with a removal, so that a full server can still become emptier.

local prefix = KEYS[1]
local leases = prefix .. 'leases'
local deadlines = prefix .. 'deadlines'
local ended = prefix .. 'ended'
local unfinished = prefix .. 'unfinished'
local counters = prefix .. 'counters'
local queues = prefix .. 'queues'
local workers = prefix .. 'workers'

local function key(room, name)
  return prefix .. room .. ':' .. name
end

-- The only clock: those of the workers may differ by hours.
local function now()
  local time = redis.call('TIME')
  return tonumber(time[1]) + tonumber(time[2]) / 1e6
end

local function stamp(time)
  return string.format('%.6f', time)
end

local function milliseconds(seconds)
  return math.ceil(seconds * 1000)
end

local function count(what, by)
  redis.call('HINCRBY', counters, what, by or 1)
end

-- Whoever waits for a job or batch hears of its change, and can tell one version of it from another.
local function changed(room, id)
  redis.call('HINCRBY', key(room, id), 'revision', 1)
  redis.call('PUBLISH', prefix .. 'changes', id)
end

-- The attempt is the fencing token: whoever holds an older one has lost the job.
local function mine(id, attempt)
  local job = redis.call('HMGET', key('job', id), 'state', 'attempt')
  return (job[1] == 'running' or job[1] == 'canceling') and job[2] == attempt
end

-- Queues. Each caller has a line of his own in each queue; the lines are served in turns.

local function line_of(queue, caller)
  return key('line', queue .. ':' .. caller)
end

-- In the order of first submission, also for a job that comes back.
local function enqueue(id, push)
  local job = redis.call('HMGET', key('job', id), 'queue', 'caller', 'sequence', 'created_at')
  local queue, line = job[1], line_of(job[1], job[2])
  if redis.call('EXISTS', line) == 0 then
    redis.call(push, key('turns', queue), job[2])
  end
  redis.call('ZADD', line, job[3], id)
  redis.call('ZADD', key('waiting', queue), job[4], id)
  redis.call('SADD', queues, queue)
end

local function dequeue(id)
  local job = redis.call('HMGET', key('job', id), 'queue', 'caller')
  redis.call('ZREM', key('waiting', job[1]), id)
  if redis.call('ZREM', line_of(job[1], job[2]), id) == 1 and redis.call('EXISTS', line_of(job[1], job[2])) == 0 then
    redis.call('LREM', key('turns', job[1]), 0, job[2])
  end
end

-- Batches. A chunk is a job that knows its batch; `items` is 1 for all others.

-- All that belongs to a batch stays until all of it has ended, and goes together.
local function close_batch(id, keep)
  local batch, time, retention = key('batch', id), now(), milliseconds(keep[1])
  local told = redis.call('HMGET', batch, 'ending', 'caller', 'chunks')
  local ending = told[1] or 'succeeded'
  redis.call('HSET', batch, 'state', ending, 'finished_at', stamp(time), 'expires_at', stamp(time + keep[1]))
  for index = 0, tonumber(told[3]) - 1 do
    for _, room in ipairs({ 'job', 'payload', 'result', 'answer' }) do
      redis.call('PEXPIRE', key(room, id .. '.' .. index), retention)
    end
  end
  redis.call('PEXPIRE', key('done', id), retention)
  redis.call('PEXPIRE', batch, retention)
  redis.call('SET', key('tombstone', id), ending, 'PX', retention + milliseconds(keep[2]))
  redis.call('ZADD', ended, time + keep[1], id .. '|' .. told[2])
end

local function close_chunk(id, state, keep)
  local job = redis.call('HMGET', key('job', id), 'batch', 'index', 'items', 'succeeded', 'failed')
  local batch, items = key('batch', job[1]), tonumber(job[3])
  if state == 'succeeded' then
    redis.call('PERSIST', key('result', id)) -- `attach` lets it go by itself, but it goes with the batch
    redis.call('PERSIST', key('answer', id))
    redis.call('HINCRBY', batch, 'succeeded', job[4])
    redis.call('HINCRBY', batch, 'failed', job[5])
  else
    redis.call('HINCRBY', batch, state, items)
    redis.call('HINCRBY', batch, 'undone', 1)
  end
  if state == 'expired' then
    redis.call('HSETNX', batch, 'ending', 'expired')
  end
  redis.call('RPUSH', key('done', job[1]), job[2])
  if redis.call('HINCRBY', batch, 'pending', -1) == 0 then
    close_batch(job[1], keep)
  end
  changed('batch', job[1])
end

-- Results. Equal problems share one: it is named by the digest, or by the job that shares nothing.

local LONGEST_INPUT = 262144 -- bytes: larger ones are not worth their memory

-- What was asked stays with the answer, so that both can be drawn.
local function keep_input(id)
  local payload = key('payload', id)
  local size = redis.call('STRLEN', payload)
  local told = redis.call('HMGET', key('job', id), 'address', 'batch')
  if told[2] or size == 0 or size > LONGEST_INPUT then
    redis.call('UNLINK', payload)
  else
    redis.call('RENAME', payload, key('input', told[1]))
  end
end

local function attach(id, keep)
  local address = redis.call('HGET', key('job', id), 'address')
  local answer = redis.call('HMGET', key('answer', address), 'outcome', 'engine')
  redis.call('HINCRBY', key('answer', address), 'holders', 1)
  redis.call('PEXPIRE', key('answer', address), milliseconds(keep[1]))
  redis.call('PEXPIRE', key('result', address), milliseconds(keep[1]))
  redis.call('PEXPIRE', key('input', address), milliseconds(keep[1]))
  redis.call('HSET', key('job', id), 'outcome', answer[1], 'engine', answer[2])
end

-- The result is that of this job and of those that wait for it already, but answers no equal problem.
local function keep_to_itself(id)
  redis.call('HSET', key('job', id), 'address', id)
  for _, follower in ipairs(redis.call('LRANGE', key('followers', id), 0, -1)) do
    redis.call('HSET', key('job', follower), 'address', id)
  end
end

-- Records. The one way to make each; more fields and values may follow.

local function create(id, kind, queue, caller, digest, items, ...)
  local sequence = redis.call('INCR', prefix .. 'sequence')
  redis.call('HSET', key('job', id), 'kind', kind, 'queue', queue, 'caller', caller, 'digest', digest, 'items', items,
    'state', 'queued', 'attempt', 0, 'losses', 0, 'sequence', sequence, 'created_at', stamp(now()), ...)
  return sequence
end

local function create_batch(id, caller, items, chunks, ...)
  redis.call('HSET', key('batch', id), 'caller', caller, 'state', 'queued', 'items', items, 'chunks', chunks,
    'pending', chunks, 'succeeded', 0, 'failed', 0, 'canceled', 0, 'expired', 0, 'created_at', stamp(now()), ...)
  count('submitted:batch')
end

local function create_chunk(batch, index, queue, caller, items)
  local id = batch .. '.' .. index
  redis.call('PERSIST', key('payload', id))
  create(id, 'chunk', queue, caller, '', items, 'batch', batch, 'index', index)
  return id
end

local function note(room, id, name, value)
  if value and value ~= '' then
    redis.call('HSET', key(room, id), name, value)
  end
end

local function expire_after(id, seconds)
  if seconds ~= '' then
    local deadline = now() + tonumber(seconds)
    redis.call('HSET', key('job', id), 'deadline_at', stamp(deadline))
    redis.call('ZADD', deadlines, deadline, id)
  end
end

local BUCKETS = { 0.01, 0.1, 1, 10, 100 }

local function observe(job, kind, state, outcome, time)
  local name = kind .. ':' .. state .. ':' .. outcome
  count('ended:' .. name)
  local started = redis.call('HGET', job, 'started_at')
  if started then
    local seconds = time - tonumber(started)
    redis.call('HINCRBYFLOAT', counters, 'seconds:' .. name, stamp(seconds))
    for _, bound in ipairs(BUCKETS) do
      if seconds <= bound then
        count('within:' .. name .. ':' .. bound)
      end
    end
  end
end

local promote

-- The one way into a terminal state. `keep` is {retention in s, further life of the tombstone in s}.
local function close(id, state, keep, ...)
  local job = key('job', id)
  redis.call('ZREM', leases, id)
  redis.call('ZREM', deadlines, id)
  local told = redis.call('HMGET', job, 'caller', 'items', 'attempt', 'digest', 'batch', 'kind')
  for attempt = 1, tonumber(told[3]) do
    -- Of a worker that died over it.
    redis.call('UNLINK', key('staged', id .. ':' .. attempt), key('saved', id .. ':' .. attempt))
  end
  if state == 'succeeded' then
    keep_input(id)
    attach(id, keep)
  end
  if redis.call('GET', key('inflight', told[4])) == id then
    redis.call('UNLINK', key('inflight', told[4]))
  end
  if redis.call('HINCRBY', unfinished, told[1], 0 - tonumber(told[2])) <= 0 then
    redis.call('HDEL', unfinished, told[1])
  end
  local time, retention = now(), milliseconds(keep[1])
  redis.call('HSET', job, 'state', state, 'finished_at', stamp(time), ...)
  observe(job, told[6], state, redis.call('HGET', job, 'outcome') or '', time)
  changed('job', id)
  if told[5] then
    close_chunk(id, state, keep)
  else
    redis.call('HSET', job, 'expires_at', stamp(time + keep[1]))
    redis.call('PEXPIRE', job, retention)
    redis.call('PEXPIRE', key('payload', id), retention) -- for another try
    redis.call('SET', key('tombstone', id), state, 'PX', retention + milliseconds(keep[2]))
    redis.call('ZADD', ended, time + keep[1], id .. '|' .. told[1])
  end
  local followers = key('followers', id)
  if state == 'succeeded' or state == 'failed' then
    for _, follower in ipairs(redis.call('LRANGE', followers, 0, -1)) do
      close(follower, state, keep, ...)
    end
    redis.call('UNLINK', followers)
  else
    promote(id)
  end
  redis.call('UNLINK', key('checkpoint', id))
end

-- A job that others wait for will not end for them: the first of them takes its place.
promote = function(id)
  local followers = key('followers', id)
  local first = redis.call('LPOP', followers)
  if not first then
    return
  end
  redis.call('COPY', key('payload', id), key('payload', first), 'REPLACE')
  redis.call('PERSIST', key('payload', first))
  if redis.call('EXISTS', key('checkpoint', id)) == 1 then
    redis.call('RENAME', key('checkpoint', id), key('checkpoint', first)) -- the problem is the same
  end
  redis.call('HDEL', key('job', first), 'leader')
  redis.call('SET', key('inflight', redis.call('HGET', key('job', first), 'digest')), first)
  enqueue(first, 'RPUSH')
  for _, follower in ipairs(redis.call('LRANGE', followers, 0, -1)) do
    redis.call('HSET', key('job', follower), 'leader', first)
    redis.call('RPUSH', key('followers', first), follower)
  end
  redis.call('UNLINK', followers)
end

-- An accepted job has one of three fates: its answer is there already, an equal job is on its way, or it waits.
-- `share` asks for the first two.
local function admit(id, share, keep)
  local job = key('job', id)
  local told = redis.call('HMGET', job, 'digest', 'caller', 'items')
  local digest = told[1]
  redis.call('HINCRBY', unfinished, told[2], told[3])
  if not share or digest == '' then
    redis.call('HSET', job, 'address', id)
    enqueue(id, 'LPUSH')
    return 'new'
  end
  redis.call('HSET', job, 'address', digest)
  if redis.call('EXISTS', key('result', digest)) == 1 then
    redis.call('HSET', job, 'cached', 1)
    close(id, 'succeeded', keep)
    return 'cached'
  end
  -- Who bounds his own time goes alone: his failure would not be that of others.
  local alone = redis.call('HEXISTS', job, 'time_limit_s') == 1
  local leader = not alone and redis.call('GET', key('inflight', digest))
  if leader then
    redis.call('HSET', job, 'leader', leader)
    redis.call('RPUSH', key('followers', leader), id)
    redis.call('UNLINK', key('payload', id))
    return 'joined'
  end
  if not alone then
    redis.call('SET', key('inflight', digest), id)
  end
  enqueue(id, 'LPUSH')
  return 'new'
end

-- The same key of the same caller is the same request: {'replayed' or 'mismatch', id}, or nil.
local function earlier(room, name, fingerprint)
  local found = name ~= '' and redis.call('HMGET', key('idempotency', name), 'id', 'fingerprint')
  if not found or not found[1] or redis.call('EXISTS', key('job', found[1]), key('batch', found[1])) == 0 then
    return nil
  end
  local same = found[2] == fingerprint and redis.call('EXISTS', key(room, found[1])) == 1
  return { same and 'replayed' or 'mismatch', found[1], '0' }
end

local function remember(name, id, fingerprint, life)
  if name ~= '' then
    redis.call('DEL', key('idempotency', name))
    redis.call('HSET', key('idempotency', name), 'id', id, 'fingerprint', fingerprint)
    redis.call('PEXPIRE', key('idempotency', name), milliseconds(life))
  end
end

-- Paces tell how long ends lie apart, lately: those of the jobs and chunks of a queue, and those of the items of a
-- caller, who waits in turn with others, and perhaps in several queues.

local function pace_of(name)
  return tonumber(redis.call('HGET', key('pace', name), 'interval') or '')
end

-- `count` things have ended together, on which work began at `since` or when the ones before them ended.
local function measure_pace(name, count, since, life)
  local pace, time = key('pace', name), now()
  local last = redis.call('HMGET', pace, 'at', 'interval')
  local taken = (time - math.max(tonumber(last[1] or '0'), since)) / count
  local interval = last[2] and 0.8 * tonumber(last[2]) + 0.2 * taken or taken
  redis.call('HSET', pace, 'at', stamp(time), 'interval', stamp(interval))
  redis.call('PEXPIRE', pace, life)
end

local function keep_paces(id, keep)
  local job = redis.call('HMGET', key('job', id), 'queue', 'started_at', 'caller', 'created_at', 'items')
  local life = milliseconds(keep[1])
  measure_pace('queue:' .. job[1], 1, tonumber(job[2] or stamp(now())), life)
  -- What a caller waits for others belongs to his pace.
  measure_pace('caller:' .. job[3], tonumber(job[5]), tonumber(job[4]), life)
end

-- Whether there is place for so many more items: nil, or {why not, '', after how many seconds to try again}.
local function refusal(queue, caller, items, quota, depth)
  local interval = pace_of('queue:' .. queue) or 0.1
  local mine_already = tonumber(redis.call('HGET', unfinished, caller) or '0')
  if mine_already > 0 and mine_already + items > quota then
    -- A caller with no other work may exceed the quota.
    local before = math.min(mine_already, mine_already + items - quota)
    return { 'quota', '', stamp((pace_of('caller:' .. caller) or interval) * before) }
  end
  local waiting = redis.call('ZCARD', key('waiting', queue))
  if waiting >= depth then
    return { 'depth', '', stamp(interval * (waiting - depth + 1)) }
  end
  return nil
end

-- The same for a batch, whose chunks go to several queues: the keys of `names`.
local function refusal_of_any(names, caller, items, quota, depth)
  for queue in pairs(names) do
    local no = refusal(queue, caller, items, quota, depth)
    if no then
      return no
    end
  end
  return nil
end

-- Ask whoever computes it to stop; it then ends as `ending`. Anything else ends here. -> its state
local function cancel(id, ending, keep)
  local job = key('job', id)
  local state = redis.call('HGET', job, 'state')
  if state == 'running' then
    redis.call('ZREM', deadlines, id)
    redis.call('HSET', job, 'state', 'canceling', 'ending', ending)
    changed('job', id)
    promote(id)
    return 'canceling'
  elseif state == 'queued' then
    dequeue(id)
    local leader = redis.call('HGET', job, 'leader')
    if leader then
      redis.call('LREM', key('followers', leader), 1, id)
      redis.call('COPY', key('payload', leader), key('payload', id)) -- for another try
    end
    close(id, ending, keep)
    return ending
  end
  return state
end

-- The losses of a job, with this one. They are counted from 0 again if the job has got farther since the last one than
-- ever before, and has saved a checkpoint. Both: a job that dies each time at the same place may save what it likes,
-- and one that saves nothing has to get there again.
local function count_loss(id, cost)
  local job = key('job', id)
  if cost > 0 then
    local told = redis.call('HMGET', job, 'saved', 'fraction', 'lost_at')
    if told[1] and tonumber(told[2] or '0') > tonumber(told[3] or '0') then
      redis.call('HSET', job, 'losses', 0)
    end
    redis.call('HDEL', job, 'saved')
    redis.call('HSET', job, 'lost_at', told[2] or '0')
  end
  return redis.call('HINCRBY', job, 'losses', cost)
end

-- A job whose worker is gone: back into its queue, or failed once it has cost `limit` workers.
local function give_back(id, cost, limit, keep, lost)
  local job = key('job', id)
  redis.call('ZREM', leases, id)
  local told = redis.call('HMGET', job, 'state', 'ending')
  if told[1] == 'canceling' then
    close(id, told[2], keep)
    return told[2]
  end
  if count_loss(id, cost) >= limit then
    close(id, 'failed', keep, 'error', lost)
    return 'failed'
  end
  redis.call('HSET', job, 'state', 'queued')
  redis.call('HDEL', job, 'started_at')
  enqueue(id, 'RPUSH')
  changed('job', id)
  return 'queued'
end
