-- Take what one request costs from every allowance of a channel, or from none.
--
-- KEYS  the holds of the channel and of its credential, then a hash for each allowance
-- ARGV  cost; for how many seconds what comes back is gathered; what earlier requests cost beside what they took;
--       what the channel says is left (-1: nothing said); seconds since this process last took (-1: never);
--       then for each: bucket, window, even or critical; its size; its rate or its seconds; the parts kept spare
-- gives whether it was granted, what is left, seconds until there is one request, and until it is worth to come

-- A window is counted in so many parts, so that a log of any length takes as much room. A part counts until its
-- last moment, and the spare parts after it, have left the window.
local PARTS = 400
local LIFE = 86400
local CRITICAL = 10 -- seconds for which critical work is expected to come again

local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local cost, gather, correction = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local said, since = tonumber(ARGV[4]), tonumber(ARGV[5])

-- What was flushed is not there; what was restored from a snapshot is older than what this process did itself.
local function is_lost(at)
  return not at or (since >= 0 and tonumber(at) < now - since - 1)
end

local function bucket(key, size, rate, gathered)
  local kept = redis.call('HMGET', key, 'tokens', 'at')
  local tokens, at = tonumber(kept[1]), tonumber(kept[2])
  if is_lost(at) then tokens, at = math.min(size, cost), now end
  tokens = math.min(size, tokens + math.max(0, now - at) * rate) - correction
  if said >= 0 then tokens = math.min(tokens, said) end
  return {
    free = tokens,
    spend = function(spent)
      tokens = tokens - spent
      redis.call('HSET', key, 'tokens', tokens, 'at', now)
      redis.call('EXPIRE', key, LIFE)
    end,
    wait = function()
      local later = (math.min(size, cost + gathered * rate) - tokens) / rate
      return math.max(0, (cost - tokens) / rate), math.max(0, later)
    end,
  }
end

local function window(key, size, seconds, spare)
  local length = seconds / PARTS
  local this = math.floor(now / length)
  local counts, used = {}, 0
  local function add(part, count)
    counts[part] = (counts[part] or 0) + count
    used = used + count
  end
  local kept, at = redis.call('HGETALL', key), nil
  for i = 1, #kept, 2 do
    if kept[i] == 'at' then
      at = kept[i + 1]
    elseif tonumber(kept[i]) < this - PARTS - spare then
      redis.call('HDEL', key, kept[i])
    else
      add(tonumber(kept[i]), tonumber(kept[i + 1]))
    end
  end
  if is_lost(at) then -- as if it was used evenly until a little later than now
    counts, used = {}, 0
    redis.call('DEL', key)
    for part = this - PARTS * 0.9, this + PARTS * 0.1 - 1 do
      add(part, math.max(0, size - cost) / PARTS)
      redis.call('HSET', key, part, counts[part])
    end
  end
  if said >= 0 then correction = math.max(correction, size - used - said) end
  local extra = math.max(correction, -(counts[this] or 0))
  add(this, extra)
  return {
    free = size - used,
    spend = function(spent)
      add(this, spent)
      redis.call('HSET', key, this, counts[this], 'at', now)
      redis.call('EXPIRE', key, LIFE + math.ceil(seconds))
    end,
    -- Calls that went together come back together: it is worth to wait for all of them, and for no more.
    wait = function()
      local free, parts, soon, later = size - used, {}, nil, 0
      if free + 1e-6 >= cost then soon = 0 end
      for part in pairs(counts) do parts[#parts + 1] = part end
      table.sort(parts)
      for _, part in ipairs(parts) do
        local at = math.max(0, (part + PARTS + spare + 1) * length - now)
        if soon and at > soon + gather then break end
        free = free + counts[part]
        if not soon and free + 1e-6 >= cost then soon = at end
        if soon and counts[part] > 0 then later = at end
      end
      return soon or seconds, math.max(soon or seconds, later)
    end,
  }
end

-- While critical work comes, the rest goes through a window evenly: spent at its beginning, it would make that wait.
local function even(key, size, rate)
  local seen = tonumber(redis.call('HGET', key, 'critical'))
  if seen and math.abs(now - seen) < CRITICAL then return bucket(key, size, rate, 0) end
end

local function critical(key)
  redis.call('HSET', key, 'critical', now)
  redis.call('EXPIRE', key, LIFE)
end

local KINDS = {
  bucket = function(key, size, rate) return bucket(key, size, rate, gather) end,
  window = window,
  even = even,
  critical = critical,
}

local hold = math.max(0, redis.call('PTTL', KEYS[1]), redis.call('PTTL', KEYS[2])) / 1000
local granted, allowances = hold == 0, {}
for i = 3, #KEYS do
  local kind, size, pace, spare = unpack(ARGV, 6 + (i - 3) * 4, 9 + (i - 3) * 4)
  local allowance = KINDS[kind](KEYS[i], tonumber(size), tonumber(pace), tonumber(spare))
  if allowance then
    allowances[#allowances + 1] = allowance
    granted = granted and allowance.free + 1e-6 >= cost
  end
end

local left, soon, later = math.huge, hold, hold
for _, allowance in ipairs(allowances) do
  allowance.spend(granted and cost or 0)
  left = math.min(left, allowance.free - (granted and cost or 0))
end
for _, allowance in ipairs(allowances) do
  local one, more = allowance.wait()
  soon, later = math.max(soon, one), math.max(later, more)
end
return {granted and 1 or 0, tostring(left), tostring(soon), tostring(later)}
