// SPDX-License-Identifier: Apache-2.0
#include "core/run/metric_text.hh"

#include <cmath>
#include <cstdio>

namespace stook {

namespace {
constexpr std::string_view kind_names[] = {"counter", "gauge", "histogram"};
constexpr std::string_view total = "_total";

// As the formats want label values; `help` has no quotes to care for.
std::string escaped(std::string_view text, bool is_label) {
  std::string out;
  for (char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c == '\\' || (is_label && c == '"') ? "\\" : "";
      out += c;
    }
  }
  return out;
}

std::string number(double value) {
  if (!std::isfinite(value)) {
    return std::isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
  }
  char text[32];
  std::snprintf(text, sizeof text, "%.15g", value);
  return text;
}
}  // namespace

std::string label_text(MetricLabels labels) {
  std::string text;
  for (const auto& [name, value] : labels) {
    if (!value.empty()) {
      text += (text.empty() ? "" : ",") + std::string(name) + "=\"" + escaped(value, true) + "\"";
    }
  }
  return text;
}

void MetricText::begin(const MetricFamily& family) {
  name_ = family.name;
  std::string_view shown = family.name;
  if (form_ == MetricForm::OpenMetrics && family.kind == MetricKind::Counter && shown.ends_with(total)) {
    shown.remove_suffix(total.size());
  }
  text_ += "# HELP " + std::string(shown) + " " + escaped(family.help, form_ == MetricForm::OpenMetrics) + "\n";
  text_ += "# TYPE " + std::string(shown) + " " + std::string(kind_names[static_cast<size_t>(family.kind)]) + "\n";
}

void MetricText::line(std::string_view suffix, const std::string& labels, std::string_view value) {
  text_ += name_;
  text_ += suffix;
  if (!labels.empty()) {
    text_ += "{" + labels + "}";
  }
  text_ += " ";
  text_ += value;
  text_ += "\n";
}

void MetricText::sample(const std::string& labels, uint64_t value) {
  line("", labels, std::to_string(value));
}

void MetricText::sample(const std::string& labels, double value) {
  line("", labels, number(value));
}

void MetricText::seconds(const std::string& labels, int64_t ns) {
  sample(labels, static_cast<double>(ns) / 1e9);
}

void MetricText::bucket(const std::string& labels, double most, uint64_t count) {
  std::string bound = number(most);
  // OpenMetrics wants a float there.
  bound += std::isfinite(most) && bound.find_first_of(".e") == std::string::npos ? ".0" : "";
  line("_bucket", labels + (labels.empty() ? "" : ",") + "le=\"" + bound + "\"", std::to_string(count));
}

void MetricText::sum(const std::string& labels, uint64_t count, double sum) {
  line("_sum", labels, number(sum));
  line("_count", labels, std::to_string(count));
}

std::string MetricText::finish() {
  if (form_ == MetricForm::OpenMetrics) {
    text_ += "# EOF\n";
  }
  return std::move(text_);
}

std::string_view MetricText::content_type(MetricForm form) {
  return form == MetricForm::OpenMetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                         : "text/plain; version=0.0.4; charset=utf-8";
}

}  // namespace stook
