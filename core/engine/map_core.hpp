// What the threads of a map and its output stream share.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <vector>

#include "engine/batch.hpp"
#include "engine/batch_stream.hpp"
#include "engine/failure.hpp"
#include "engine/options.hpp"

namespace insitu::detail {

class MapCore : public std::enable_shared_from_this<MapCore> {
 public:
  // Reads the schema of the stream.
  MapCore(RowFunctionPtr function, BatchStream stream, const MapOptions& options);

  void start();
  const ArrowSchema& schema() const { return *out_schema_; }
  // The next batch in order, or an empty owner at the end. Throws what stopped the map, every time
  // from then on.
  UniqueArray next();
  // Throws unless the last batch was handed out.
  Json notes() const;
  // Stops the workers, and waits for them; for the reader only as long as politeness asks.
  void close();

 private:
  // Some rows on their way; `done` and what follows are guarded by the mutex.
  struct Piece {
    BatchPiece rows;
    uint64_t first_row = 0;
    UniqueArray output;
    Json notes;
    std::optional<Failure> failure;
    bool done = false;
  };
  using PiecePtr = std::shared_ptr<Piece>;

  void make_schema(const ArrowSchema& in);
  void read();
  void read_stream();
  bool accept(const std::shared_ptr<const Batch>& batch);
  void work();
  void compute(Piece& piece) const;

  const RowFunctionPtr function_;
  MapOptions options_;
  BatchStream stream_;
  std::shared_ptr<const BatchLayout> layout_;
  std::vector<size_t> kept_;  // indices among the columns of the input
  UniqueSchema out_schema_;
  std::vector<std::thread> workers_;

  mutable std::mutex mutex_;
  std::condition_variable work_;   // workers: a piece or the end
  std::condition_variable room_;   // reader
  std::condition_variable ready_;  // who wants the next batch
  std::condition_variable closed_;
  std::deque<PiecePtr> todo_;
  std::deque<PiecePtr> in_flight_;  // in order, until handed out
  uint64_t rows_read_ = 0;          // of the reader
  std::optional<Failure> failure_;  // of the stream, then of what was handed out
  Json notes_;
  bool ended_ = false;  // no more pieces will come
  bool closing_ = false;
  bool reader_done_ = false;
};

}  // namespace insitu::detail
