-- Says where an address is: country, city, position and network, by a database in MaxMind's format (GeoLite2, DB-IP).
-- SPDX-License-Identifier: Apache-2.0
--
-- Reads   key     an address; rows without it, and addresses that the database has not, stay as they are
-- Writes  geo_country (DE), geo_city, geo_latitude, geo_longitude, geo_asn, geo_network: what the database has of them
-- Options file    the database, as geoipupdate fetches it; within two seconds of a change the new one is used
--         key
--         language of the city's name
--
--   stack = web:TAIL, parse:PARSE_ACCESS, geoip(file=/var/lib/GeoIP/GeoLite2-City.mmdb), out:FILE

return {
  kind = "filter",
  doc = "Says where an address is",
  state = "none",
  options = {
    file = { "text", "/var/lib/GeoIP/GeoLite2-City.mmdb", "the database" },
    key = { "text", "remote_addr", "where the address is" },
    language = { "text", "en", "language of the city's name" },
  },
  reads = { "${key}" },
  writes = {
    "geo_country:text", "geo_city:text", "geo_latitude:real", "geo_longitude:real", "geo_asn:integer", "geo_network:text",
  },
  setup = function(opt)
    local places = stook.lookup(opt.file)
    local language = opt.language
    return {
      row = function(address)
        local place = type(address) == "string" and places:get(address)
        if not place then
          return true
        end
        local country = place.country or place.registered_country or {}
        local names = place.city and place.city.names or {}
        local at = place.location or {}
        return true, country.iso_code, names[language] or names.en, at.latitude, at.longitude,
          place.autonomous_system_number, place.autonomous_system_organization
      end,
    }
  end,
}
