-- Masks secrets in any text of a row: numbers of payment cards, tokens, passwords, keys and mail addresses.
-- SPDX-License-Identifier: Apache-2.0
--
-- Changes texts, those within objects too: a card (13 to 19 digits with a right check digit) keeps its last four digits, a
--         mail address its domain; JSON Web Tokens, keys of AWS, GitHub, Slack and Stripe, PEM private keys, the password
--         in a URL, and what stands behind password=, token:, Authorization: Bearer and their like become ***
-- Counts  masked   how many secrets there were
-- Options fields   the keys that are looked at, divided by blanks; without it all
--         mail     whether mail addresses are masked
--
--   stack = in:TAIL, parse:PARSE_JSON, mask_secrets(fields=message http.url), out:FILE

-- The check digit of payment cards, by Luhn.
local function is_card(digits)
  local sum, is_double = 0, false
  for i = #digits, 1, -1 do
    local digit = digits:byte(i) - 48
    if is_double then
      digit = digit > 4 and 2 * digit - 9 or 2 * digit
    end
    sum, is_double = sum + digit, not is_double
  end
  return sum % 10 == 0
end

local function mask_card(text)
  local digits = text:gsub("%D", "")
  return is_card(digits) and "****" .. digits:sub(-4) or text
end

local secrets = {
  { stook.regex [[(?<![\d.])[2-6]\d{3}(?:[ -]?\d){9,15}(?![\d.]*\d)]], mask_card },
  { stook.regex [[\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*]], "***" },
  { stook.regex [[\bA(?:KI|SI)A[A-Z0-9]{16}\b]], "***" },
  { stook.regex [[\b(?:gh[pousr]_|github_pat_|[sr]k_live_|glpat[_-])[\w-]{16,}]], "***" },
  { stook.regex [[\bxox[a-z]-[\w-]{10,}]], "***" },
  { stook.regex("-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", "s"), "***" },
  { stook.regex [[(://[^\s:/@]*:)[^\s/@]+@]], "%1***@" },
  { stook.regex([[(authorization["']?\s*[:=]\s*["']?(?:bearer|basic|token)\s+)[^\s"',;]+]], "i"), "%1***" },
  { stook.regex(
    [[((?:password|passwd|passphrase|pwd|secret|token|api_?-?key|access_?-?key)["']?\s*[:=]\s*)]] ..
    [[(?:"[^"]*"|'[^']*'|[^\s"',;&}]+)]], "i"), "%1***" },
}
local mail = { stook.regex [[[\w.!#$%&'*+/=?^`{|}~-]+@((?:[a-zA-Z0-9-]+\.)+[a-zA-Z]{2,})]], "***@%1" }

-- Most texts have nothing that looks like any of them, which one search says.
local looks_secret = stook.regex(
  [=[@|[2-6]\d{3}(?:[ -]?\d){9}|eyJ|A[KS]IA|gh[pousr]_|github_pat_|[sr]k_live_|glpat|xox|private key|]=] ..
  [=[authorization|pass|pwd|secret|token|key["']?\s*[:=]]=], "i")
local masked = stook.counter("masked", "secrets that were masked")

return {
  kind = "filter",
  doc = "Masks secrets in any text of a row",
  state = "none",
  options = {
    fields = { "text", "", "the keys that are looked at" },
    mail = { "boolean", true, "whether mail addresses are masked" },
  },
  setup = function(opt)
    if opt.mail then
      secrets[#secrets + 1] = mail
    end

    local function mask(text)
      if not looks_secret:find(text) then
        return
      end
      local found = 0
      for _, secret in ipairs(secrets) do
        local clean, n = secret[1]:replace(text, secret[2])
        if n > 0 and clean ~= text then
          text, found = clean, found + n
        end
      end
      if found > 0 then
        masked:add(found)
        return text
      end
    end

    -- What is to be put in place of a value; nil: it stays.
    local function clean_of(value)
      if type(value) == "string" then
        return mask(value)
      elseif type(value) == "table" then
        local is_changed
        for key, inner in pairs(value) do
          local clean = clean_of(inner)
          if clean then
            value[key], is_changed = clean, true
          end
        end
        return is_changed and value or nil
      end
    end

    local fields = {}
    for name in opt.fields:gmatch("%S+") do
      fields[#fields + 1] = name
    end
    return {
      filter = function(rec)
        if #fields > 0 then
          for _, name in ipairs(fields) do
            local clean = clean_of(rec[name])
            if clean then
              rec[name] = clean
            end
          end
          return
        end
        local changed
        for key, value in pairs(rec) do
          local clean = clean_of(value)
          if clean then
            changed = changed or {}
            changed[key] = clean
          end
        end
        for key, clean in pairs(changed or {}) do
          rec[key] = clean
        end
      end,
    }
  end,
}
