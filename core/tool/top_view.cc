// SPDX-License-Identifier: Apache-2.0
#include "core/tool/top_view.hh"

#include <algorithm>
#include <utility>

#include "core/base/text.hh"

namespace stook {

namespace {
constexpr int escape = 27;
constexpr int64_t least_delay = 100'000'000;
constexpr int64_t most_delay = 60'000'000'000;
constexpr size_t scroll = 10;

constexpr const char* help[] = {
    "",
    "  q         ends                              space, p  stops and goes on",
    "  > <       sorts by the next column, the one before    o  as the ledger has it",
    "  R         the other way round               + -       slower, faster",
    "  P M T L   sorts by %BUSY, MB/s, OLDEST, LOST",
    "  / f       shows only elements that have a text in them; Escape shows all",
    "  arrows    move the table                    h ?       this text",
    "",
    "  ROWS/s IN   that came in, and those that the element made itself",
    "  ns/ROW      time for each",
    "  %BUSY       of a processor; a sink that waits for its peer is busy",
    "  OLDEST      the age of the oldest row that is not final",
    "  LOST        rows since the start, for whatever reason, and letters",
    "",
    "  A narrow screen leaves out PLUGIN, ns/ROW, MB/s and ROWS/s IN, in this order.",
};

// Keys of top(1) for the columns that people look for.
std::string_view column_of(int key) {
  switch (key) {
    case 'P':
      return "busy";
    case 'M':
      return "bytes";
    case 'T':
      return "age";
    case 'L':
      return "lost";
    default:
      return {};
  }
}
}  // namespace

void TopView::next_column(bool is_back) {
  std::vector<std::string_view> names = top_columns();
  auto at = static_cast<size_t>(std::find(names.begin(), names.end(), column_) - names.begin());
  size_t step = is_back ? names.size() - 1 : 1;
  column_ = at == names.size() ? names[is_back ? names.size() - 1 : 0] : names[(at + step) % names.size()];
}

void TopView::type(int key) {
  if (key == '\n' || key == '\r') {
    filter_ = typed_;
    is_typing_ = false;
  } else if (key == escape) {
    is_typing_ = false;
  } else if ((key == 127 || key == '\b') && !typed_.empty()) {
    typed_.pop_back();
  } else if (key >= ' ' && key <= '~' && typed_.size() < 64) {
    typed_ += static_cast<char>(key);
  }
}

bool TopView::press(int key) {
  if (key == Screen::end) {
    return false;
  }
  if (is_typing_) {
    type(key);
    return true;
  }
  if (key == Screen::none) {
    return true;
  }
  shows_help_ = (key == 'h' || key == '?') && !shows_help_;
  if (std::string_view column = column_of(key); !column.empty()) {
    column_ = column;
    return true;
  }
  switch (key) {
    case 'q':
      return false;
    case ' ':
    case 'p':
      is_paused_ = !is_paused_;
      break;
    case '>':
    case 's':
    case Screen::right:
      next_column(false);
      break;
    case '<':
    case Screen::left:
      next_column(true);
      break;
    case 'o':
      column_.clear();
      break;
    case 'R':
    case 'r':
      is_reverse_ = !is_reverse_;
      break;
    case '+':
      delay_ = std::min(delay_ * 2, most_delay);
      break;
    case '-':
      delay_ = std::max(delay_ / 2, least_delay);
      break;
    case '/':
    case 'f':
      is_typing_ = true;
      typed_.clear();
      break;
    case escape:
      filter_.clear();
      break;
    case Screen::up:
    case Screen::page_up:
      first_ -= std::min(first_, key == Screen::up ? size_t{1} : scroll);
      break;
    case Screen::down:
    case Screen::page_down:
      first_ += key == Screen::down ? 1 : scroll;
      break;
    default:
      break;
  }
  return true;
}

TopFrame TopView::arranged(TopFrame frame) const {
  frame.filter(filter_);
  if (!column_.empty()) {
    [[maybe_unused]] bool is_known = frame.sort(column_, is_reverse_);
  } else if (is_reverse_) {
    std::reverse(frame.rows.begin(), frame.rows.end());
  }
  return frame;
}

std::string TopView::bottom() const {
  if (is_typing_) {
    return "filter: " + typed_ + "_";
  }
  std::string text = "sorted by " + (column_.empty() ? "ledger" : column_) + (is_reverse_ ? ", reverse" : "");
  text += filter_.empty() ? "" : "   filter: " + filter_;
  text += is_paused_ ? "   PAUSED" : "   every " + show_duration(delay_);
  return text + "   h help  q quit";
}

std::vector<ScreenLine> TopView::lines(const TopFrame& frame, std::string_view now, const std::string& trouble,
                                       ScreenSize size) const {
  using Look = ScreenLine::Look;
  std::vector<ScreenLine> lines;
  for (const std::string& line : frame.head(now, size.columns)) {
    lines.push_back({line, lines.empty() && !frame.is_healthy ? Look::Alarm : Look::Plain});
  }
  if (!trouble.empty()) {
    lines.back() = {trouble, Look::Alarm};
  }
  lines.push_back({bottom(), Look::Bold});
  if (shows_help_) {
    for (const char* line : help) {
      lines.push_back({line, Look::Plain});
    }
    return lines;
  }
  std::vector<std::string> table = frame.table(size.columns);
  lines.push_back({table.front(), Look::Title});
  size_t room = size.rows > lines.size() ? size.rows - lines.size() : 1;
  size_t first = std::min(first_, frame.rows.size() > room ? frame.rows.size() - room : 0);
  for (size_t i = first; i < frame.rows.size(); i++) {
    const TopRow& row = frame.rows[i];
    bool is_alarm = row.lost > 0 || row.state == "stalled" || row.state.starts_with("fail");
    lines.push_back({table[i + 1], is_alarm ? Look::Alarm : Look::Plain});
  }
  return lines;
}

}  // namespace stook
