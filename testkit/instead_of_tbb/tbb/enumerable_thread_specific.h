/// Stands in for oneTBB under ThreadSanitizer; see parallel_for.h.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace tbb {

/// One value a thread; who goes through all of them does so when the threads are done.
template <class Value>
class enumerable_thread_specific {
 public:
  Value& local() {
    std::lock_guard lock(mutex_);
    auto [at, is_new] = places_.try_emplace(std::this_thread::get_id(), values_.size());
    if (is_new) values_.push_back(std::make_unique<Value>());
    return *values_[at->second];
  }

  class iterator {
   public:
    explicit iterator(std::unique_ptr<Value>* at) : at_(at) {}
    Value& operator*() const { return **at_; }
    iterator& operator++() {
      ++at_;
      return *this;
    }
    bool operator!=(const iterator& other) const { return at_ != other.at_; }

   private:
    std::unique_ptr<Value>* at_;
  };
  iterator begin() { return iterator(values_.data()); }
  iterator end() { return iterator(values_.data() + values_.size()); }

 private:
  std::mutex mutex_;
  std::map<std::thread::id, size_t> places_;
  std::vector<std::unique_ptr<Value>> values_;
};

}  // namespace tbb
