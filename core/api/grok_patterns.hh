// SPDX-License-Identifier: Apache-2.0
/// Floor 2. The patterns that grok knows by name.
#pragma once

#include <string_view>

namespace stook {

struct GrokPattern {
  std::string_view name;
  std::string_view text;
};

inline constexpr GrokPattern grok_patterns[] = {
    // Words.
    {"WORD", R"(\b\w+\b)"},
    {"NOTSPACE", R"(\S+)"},
    {"SPACE", R"(\s*)"},
    {"DATA", R"([\s\S]*?)"},
    {"GREEDYDATA", R"([\s\S]*)"},
    {"USERNAME", R"([A-Za-z0-9._-]+)"},
    {"USER", "%{USERNAME}"},
    {"QUOTEDSTRING", R"~("(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+')~"},
    {"QS", "%{QUOTEDSTRING}"},
    {"UUID", R"([0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12})"},
    {"EMAILADDRESS", R"([A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@%{HOSTNAME})"},
    // Numbers.
    {"INT", R"([+-]?\d+)"},
    {"POSINT", R"(\b[1-9]\d*\b)"},
    {"NONNEGINT", R"(\b\d+\b)"},
    {"BASE10NUM", R"([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)"},
    {"NUMBER", "%{BASE10NUM}"},
    {"BASE16NUM", R"([+-]?(?:0[xX])?[0-9A-Fa-f]+)"},
    // The net.
    {"IPV4", R"((?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d]))"},
    {"IPV6",
     R"((?<![0-9A-Fa-f:.])(?=[0-9A-Fa-f:.]*:)(?:[0-9A-Fa-f]{0,4}:){2,7}(?:[0-9A-Fa-f]{1,4}|%{IPV4})?(?:%\w+)?)"},
    {"IP", "%{IPV6}|%{IPV4}"},
    {"HOSTNAME",
     R"(\b[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?(?:\.[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?)*\.?(?!\w))"},
    {"HOST", "%{HOSTNAME}"},
    {"IPORHOST", "%{IP}|%{HOSTNAME}"},
    {"HOSTPORT", "%{IPORHOST}:%{POSINT}"},
    {"MAC", R"((?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}|(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4})"},
    // Paths and addresses of things.
    {"UNIXPATH", R"((?:/[^\s/]*)+)"},
    {"WINPATH", R"((?:[A-Za-z]:|\\)(?:\\[^\\?*\s]*)+)"},
    {"PATH", "%{UNIXPATH}|%{WINPATH}"},
    {"URIPROTO", R"([A-Za-z][A-Za-z0-9+.-]*)"},
    {"URIHOST", "%{IPORHOST}(?::%{POSINT})?"},
    {"URIPATH", R"((?:/[^\s?#]*)+)"},
    {"URIPARAM", R"(\?[^\s#]*)"},
    {"URIPATHPARAM", "%{URIPATH}(?:%{URIPARAM})?"},
    {"URI", R"(%{URIPROTO}://(?:%{USER}(?::[^@\s]*)?@)?(?:%{URIHOST})?(?:%{URIPATHPARAM})?)"},
    // Times.
    {"MONTH",
     R"(\b(?:[Jj]an(?:uary)?|[Ff]eb(?:ruary)?|[Mm]ar(?:ch)?|[Aa]pr(?:il)?|[Mm]ay|[Jj]une?|[Jj]uly?|[Aa]ug(?:ust)?|[Ss]ept?(?:ember)?|[Oo]ct(?:ober)?|[Nn]ov(?:ember)?|[Dd]ec(?:ember)?)\b)"},
    {"MONTHNUM", "0?[1-9]|1[0-2]"},
    {"MONTHDAY", R"((?:3[01]|[12]\d|0?[1-9])(?!\d))"},
    {"DAY", R"(\b(?:Mon(?:day)?|Tue(?:sday)?|Wed(?:nesday)?|Thu(?:rsday)?|Fri(?:day)?|Sat(?:urday)?|Sun(?:day)?)\b)"},
    {"YEAR", R"(\d{4}|\d{2})"},
    {"HOUR", R"(2[0-3]|[01]?\d)"},
    {"MINUTE", R"([0-5]\d)"},
    {"SECOND", R"((?:[0-5]?\d|60)(?:[:.,]\d+)?)"},
    {"TIME", R"((?<!\d)%{HOUR}:%{MINUTE}(?::%{SECOND})?(?!\d))"},
    {"ISO8601_TIMEZONE", R"(Z|[+-]%{HOUR}(?::?%{MINUTE})?)"},
    {"TIMESTAMP_ISO8601",
     R"(\d{4}-%{MONTHNUM}-%{MONTHDAY}[T ]%{HOUR}:?%{MINUTE}(?::?%{SECOND})?(?:%{ISO8601_TIMEZONE})?)"},
    {"DATE_US", "%{MONTHNUM}[/-]%{MONTHDAY}[/-]%{YEAR}"},
    {"DATE_EU", "%{MONTHDAY}[./-]%{MONTHNUM}[./-]%{YEAR}"},
    {"DATE", "%{DATE_US}|%{DATE_EU}"},
    {"DATESTAMP", "%{DATE}[- ]%{TIME}"},
    {"HTTPDATE", R"(%{MONTHDAY}/%{MONTH}/\d{4}:%{TIME} %{INT})"},
    {"SYSLOGTIMESTAMP", "%{MONTH} +%{MONTHDAY} %{TIME}"},
    // Logs.
    {"PROG", R"([\x21-\x5a\x5c\x5e-\x7e]+)"},
    {"SYSLOGPROG", R"(%{PROG:program}(?:\[%{POSINT:pid:int}\])?)"},
    {"SYSLOGHOST", "%{IPORHOST}"},
    {"SYSLOGBASE", "%{SYSLOGTIMESTAMP:timestamp} (?:%{SYSLOGHOST:logsource} )?%{SYSLOGPROG}:"},
    {"LOGLEVEL",
     R"((?i:\b(?:trace|debug|notice|info(?:rmation)?|warn(?:ing)?|err(?:or)?|crit(?:ical)?|fatal|severe|alert|emerg(?:ency)?)\b))"},
    {"HTTPDUSER", "%{EMAILADDRESS}|%{USER}"},
    {"COMMONAPACHELOG",
     R"~(%{IPORHOST:clientip} %{HTTPDUSER:ident} %{HTTPDUSER:auth} \[%{HTTPDATE:timestamp}\] "(?:%{WORD:verb} %{NOTSPACE:request}(?: HTTP/%{NUMBER:httpversion})?|%{DATA:rawrequest})" %{INT:response:int} (?:%{INT:bytes:int}|-))~"},
    {"COMBINEDAPACHELOG", "%{COMMONAPACHELOG} %{QS:referrer} %{QS:agent}"},
};

}  // namespace stook
