#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace harmonic {

/// One line of CSV with its line end. Cells that hold a comma, a quote or a line end are quoted (RFC 4180).
///   csv_row({"a", "b,c", "say \"d\""}) == "a,\"b,c\",\"say \"\"d\"\"\"\n"
[[nodiscard]] std::string csv_row(const std::vector<std::string>& cells);

/// A CSV file with a header line, read whole and checked: every row is as long as the header. Quoting of RFC 4180;
/// lines end with LF or CRLF; empty lines are passed over. Errors name the file, the line and the column.
class CsvTable {
 public:
  /// @throws InputError: unreadable, not UTF-8, no header, a column named twice, a row of another length, a quote left
  /// open
  [[nodiscard]] static CsvTable read(const std::filesystem::path& path);
  /// @param name stands for the file in messages
  [[nodiscard]] static CsvTable parse(std::string_view text, std::string name);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::vector<std::string>& header() const { return header_; }
  [[nodiscard]] std::size_t rows() const { return rows_.size(); }

  /// 1-based line of the file where the row starts.
  [[nodiscard]] std::size_t line(std::size_t row) const { return lines_[row]; }

  [[nodiscard]] std::optional<std::size_t> find_column(std::string_view column) const;
  /// @throws InputError naming the nearest column, and all there are
  [[nodiscard]] std::size_t column(std::string_view column) const;

  /// The columns as a message names them: "split, label, image".
  [[nodiscard]] std::string header_text() const;

  [[nodiscard]] const std::string& cell(std::size_t row, std::size_t column) const { return rows_[row][column]; }
  /// @throws InputError naming line and column when the cell is not a finite number
  [[nodiscard]] double number(std::size_t row, std::size_t column) const;
  /// Nothing for an empty cell. @throws InputError as number
  [[nodiscard]] std::optional<double> optional_number(std::size_t row, std::size_t column) const;

 private:
  std::string name_;
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<std::size_t> lines_;  ///< [row]
};

}  // namespace harmonic
