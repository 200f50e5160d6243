#include "core/storage/csv.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/foreign_content.hpp"

namespace harmonic {
namespace {

/// Takes records off a CSV text, one at a time.
class Reader {
 public:
  Reader(std::string_view text, const std::string& name) : text_(text), name_(name) {
    if (constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF"; text_.starts_with(kByteOrderMark))
      text_.remove_prefix(kByteOrderMark.size());
  }

  /// 1-based line on which the next record starts.
  [[nodiscard]] std::size_t line() const { return line_; }
  [[nodiscard]] bool done() const { return text_.empty(); }

  [[nodiscard]] bool at_blank_line() const { return text_.starts_with('\n') || text_.starts_with("\r\n"); }

  /// The next record; an empty line gives one empty cell.
  std::vector<std::string> record() {
    std::vector<std::string> cells;
    for (;;) {
      cells.push_back(text_.starts_with('"') ? quoted() : plain());
      if (text_.starts_with(',')) {
        text_.remove_prefix(1);
        continue;
      }
      end_line();
      return cells;
    }
  }

 private:
  std::string plain() {
    const std::size_t end = std::min(text_.find_first_of(",\r\n"), text_.size());
    std::string cell(text_.substr(0, end));
    text_.remove_prefix(end);
    return cell;
  }

  std::string quoted() {
    const std::size_t start = line_;
    text_.remove_prefix(1);
    std::string cell;
    for (;;) {
      const std::size_t quote = text_.find('"');
      if (quote == std::string_view::npos)
        throw InputError(fmt::format("{} line {}: a quote is opened and never closed", name_, start), "close it");
      line_ += static_cast<std::size_t>(std::ranges::count(text_.substr(0, quote), '\n'));
      cell += text_.substr(0, quote);
      text_.remove_prefix(quote + 1);
      if (!text_.starts_with('"')) break;
      cell += '"';  // two quotes stand for one
      text_.remove_prefix(1);
    }
    if (!text_.empty() && text_.find_first_of(",\r\n") != 0)
      throw InputError(fmt::format("{} line {}: text after a closing quote", name_, line_), "quote the whole cell");
    return cell;
  }

  void end_line() {
    if (text_.starts_with('\r')) text_.remove_prefix(1);
    if (text_.starts_with('\n')) text_.remove_prefix(1);
    ++line_;
  }

  std::string_view text_;
  const std::string& name_;
  std::size_t line_ = 1;
};

/// As programs save tables where a comma is the decimal point.
void refuse_other_separators(const std::vector<std::string>& header, const std::string& name, std::size_t line) {
  const auto at = header.size() == 1 ? header.front().find_first_of(";\t") : std::string::npos;
  if (at != std::string::npos)
    throw InputError(fmt::format("{} line {}: its columns are parted by {}, not by commas", name, line,
                                 header.front()[at] == ';' ? "';'" : "tabs"),
                     "save it with commas between the columns, and with decimal points");
}

bool needs_quotes(std::string_view cell) {
  return cell.find_first_of(",\"\r\n") != std::string_view::npos;
}

}  // namespace

std::string csv_row(const std::vector<std::string>& cells) {
  std::string line;
  for (std::size_t c = 0; c < cells.size(); ++c) {
    if (c > 0) line += ',';
    // A row of one empty cell would read back as an empty line.
    if (!needs_quotes(cells[c]) && !(cells.size() == 1 && cells[c].empty())) {
      line += cells[c];
      continue;
    }
    line += '"';
    for (const char letter : cells[c]) line += letter == '"' ? std::string("\"\"") : std::string(1, letter);
    line += '"';
  }
  return line + '\n';
}

CsvTable CsvTable::read(const std::filesystem::path& path) {
  const auto text = read_file(path);
  refuse_foreign(path, text, "a CSV file");
  require_utf8(text, path.string());
  return parse(text, path.string());
}

CsvTable CsvTable::parse(std::string_view text, std::string name) {
  CsvTable table;
  table.name_ = std::move(name);
  Reader reader(text, table.name_);
  while (!reader.done()) {
    const std::size_t line = reader.line();
    const bool blank = reader.at_blank_line();
    auto cells = reader.record();
    if (blank) continue;
    if (table.header_.empty()) {
      refuse_other_separators(cells, table.name_, line);
      for (auto& cell : cells) table.header_.push_back(trim(cell));
      continue;
    }
    if (cells.size() != table.header_.size())
      throw InputError(
          fmt::format("{} line {} has {} cells, its header {}", table.name_, line, cells.size(), table.header_.size()),
          "give every row one cell a column, and quote cells that hold commas");
    table.rows_.push_back(std::move(cells));
    table.lines_.push_back(line);
  }
  if (table.header_.empty()) throw InputError(fmt::format("{} is empty", table.name_), "give it a header line");
  std::set<std::string> names;
  for (const auto& column : table.header_)
    if (!names.insert(column).second)
      throw InputError(fmt::format("{} has two columns '{}'", table.name_, column), "rename one of them");
  return table;
}

std::optional<std::size_t> CsvTable::find_column(std::string_view column) const {
  const auto it = std::ranges::find(header_, column);
  if (it == header_.end()) return std::nullopt;
  return static_cast<std::size_t>(it - header_.begin());
}

std::size_t CsvTable::column(std::string_view column) const {
  if (const auto index = find_column(column)) return *index;
  throw InputError(fmt::format("{} has no column '{}'", name_, column),
                   fmt::format("did you mean '{}'? Its first line names: {}", nearest(column, header_), header_text()));
}

std::string CsvTable::header_text() const {
  constexpr std::size_t kMost = 12;
  const std::vector<std::string> shown(header_.begin(),
                                       header_.begin() + std::min<std::ptrdiff_t>(kMost, std::ssize(header_)));
  return join(shown, ", ") + (shown.size() < header_.size() ? ", …" : "");
}

double CsvTable::number(std::size_t row, std::size_t column) const {
  const auto cell = trim(rows_[row][column]);
  const auto where = fmt::format("{} line {}, column '{}'", name_, lines_[row], header_[column]);
  if (cell.empty()) throw InputError(fmt::format("{} is empty", where), "give a decimal number such as 0.5");
  return parse_real(cell, where);
}

std::optional<double> CsvTable::optional_number(std::size_t row, std::size_t column) const {
  if (trim(rows_[row][column]).empty()) return std::nullopt;
  return number(row, column);
}

}  // namespace harmonic
