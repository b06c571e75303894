/**
 * The scripts that Redis runs as one step. Numbers are assigned, and keys are checked, in the same step in
 * which an entry gets its place.
 *
 * @module
 */

/**
 * Appends one entry of the items whose keys are not known.
 *
 * - Keys: the stream, the epoch, the number, the publishers' keys.
 * - Arguments: the epoch; the greatest id and the number that the hub knows; how long a key stays known, in
 *   milliseconds, or `""` for ever; then for each item its text and the index of its publisher's key, from
 *   1 on, or 0 for no key.
 * - Returns the position of each item: `<id>:<index>`.
 */
export const APPEND = `
local epoch = redis.call("GET", KEYS[2])
if epoch ~= ARGV[1] then
  return redis.error_reply("EPOCH The log has the epoch " .. (epoch or "none"))
end
local placed, texts, own = {}, {}, {}
for i = 5, #ARGV, 2 do
  local key = KEYS[3 + tonumber(ARGV[i + 1])]
  if ARGV[i + 1] == "0" then key = nil end
  local known = key and redis.call("GET", key)
  if known and string.sub(known, 1, #epoch + 1) == epoch .. " " then
    placed[#placed + 1] = string.sub(known, #epoch + 2)
  elseif key and own[key] then
    placed[#placed + 1] = own[key]
  else
    texts[#texts + 1] = ARGV[i]
    placed[#placed + 1] = #texts
    if key then own[key] = #texts end
  end
end
if #texts == 0 then return placed end
local number = string.format("%.0f", (redis.call("GET", KEYS[3]) or ARGV[3]) + 1)
local time = redis.call("TIME")
local ms = time[1] .. string.format("%03d", math.floor(time[2] / 1000))
local text = "[" .. ms .. "." .. number .. "," .. table.concat(texts, ",") .. "]"
local function add(id)
  return redis.pcall("XADD", KEYS[1], id, "entry", text, "epoch", epoch)
end
local id
local floorMs, floorSequence = string.match(ARGV[2], "^([0-9]+)-([0-9]+)$")
if tonumber(floorMs) >= tonumber(ms) then
  id = add(string.format("%.0f-%.0f", floorMs, floorSequence + 1))
end
-- The stream's own newest id is at least as great.
if not id or id.err then id = add("*") end
if id.err then return id end
redis.call("SET", KEYS[3], number)
for key, index in pairs(own) do
  local value = epoch .. " " .. id .. ":" .. index
  if ARGV[4] == "" then redis.call("SET", key, value)
  else redis.call("SET", key, value, "PX", ARGV[4]) end
end
for i, at in ipairs(placed) do
  if type(at) == "number" then placed[i] = id .. ":" .. at end
end
return placed`;

/**
 * Trims the oldest entries, and keeps the ends of streams among them unless another hub has kept them
 * before. Publishers' keys expire by themselves.
 *
 * - Keys: the stream, the mark through which entries are gone, the stream of ends.
 * - Arguments: the id of the oldest entry that stays; the mark; how long an end is kept, in milliseconds, or
 *   `""` for ever; then for each end its id and its text.
 */
export const TRIM = `
local gone = redis.call("GET", KEYS[2])
local time = redis.call("TIME")
local oldest = "0"
if ARGV[4] ~= "" then oldest = string.format("%.0f", math.max(time[1] * 1000 - ARGV[4], 0)) end
for i = 5, #ARGV, 2 do
  if not gone or gone < ARGV[i] then
    redis.call("XADD", KEYS[3], "MINID", "~", oldest, "*", "end", ARGV[i + 1])
  end
end
if not gone or gone <= ARGV[2] then
  redis.call("SET", KEYS[2], ARGV[2])
  if ARGV[3] ~= "" then redis.call("SET", KEYS[4], ARGV[2] .. " " .. ARGV[3]) end
end
redis.call("XTRIM", KEYS[1], "MINID", ARGV[1])`;

/** Reads the mark and its number in one step. Keys: the mark, the number with its mark. */
export const TRIM_MARK = `
return {redis.call("GET", KEYS[1]), redis.call("GET", KEYS[2])}`;
