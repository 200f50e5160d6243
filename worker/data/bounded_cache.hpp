#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

namespace harmonic {

/// Values kept by key. Their bytes are bounded: the least recently used go first, the last one stays whatever its size.
/// For use by one thread.
template <class Value>
class BoundedCache {
 public:
  explicit BoundedCache(std::size_t capacity_bytes) : capacity_(capacity_bytes) {}
  BoundedCache(BoundedCache&&) = default;  // no copies: the index points into the entries

  /// What is kept under `key`; null where nothing is. It stays valid after it has gone.
  [[nodiscard]] std::shared_ptr<const Value> find(const std::string& key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return entries_.front().value;
  }

  /// Keeps a value, unless there is one under `key`. @param bytes that it takes
  void keep(const std::string& key, std::shared_ptr<const Value> value, std::size_t bytes) {
    if (index_.contains(key)) return;
    entries_.push_front({key, std::move(value), bytes});
    index_[key] = entries_.begin();
    bytes_ += bytes;
    while (bytes_ > capacity_ && entries_.size() > 1) drop_last();
  }

  /// Lets a last one go that is larger than all may be, before another such one is made beside it.
  void shrink() {
    while (bytes_ > capacity_) drop_last();
  }

  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t capacity_bytes() const { return capacity_; }

 private:
  void drop_last() {
    bytes_ -= entries_.back().bytes;
    index_.erase(entries_.back().key);
    entries_.pop_back();
  }

  struct Entry {
    std::string key;
    std::shared_ptr<const Value> value;
    std::size_t bytes;
  };
  std::size_t capacity_, bytes_ = 0;
  std::list<Entry> entries_;  ///< most recently used first
  std::unordered_map<std::string, typename std::list<Entry>::iterator> index_;
};

}  // namespace harmonic
