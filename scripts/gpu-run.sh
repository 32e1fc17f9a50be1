#!/usr/bin/env bash
# On a machine with an NVIDIA GPU and nvcc, in a copy of this repository with the .gpu/ that scripts/gpu-pack.sh made: builds the addon,
# and checks and measures it. Arguments choose steps; without any, all are done:
#
#   headers      our declarations of cuBLAS and cuDNN against theirs, where they are installed
#   conformance  the conformance suite, with cuBLAS and cuDNN
#   own          the same with our own kernels in their place
#   kernels      the tests of the kernels
#   sanitizer    compute-sanitizer, memcheck and racecheck, on the float32 part of the suite
#   bench        the five workloads beside PyTorch, where python3 has it
#
# A machine without a GPU that works fails. GPU_EMULATION=1 tries this script where there is none, with the emulated addon.
# GPU_OUT: folder for the logs (gpu-out). GPU_TMP: folder for what is unpacked (.gpu). GPU_BENCH: options for the benchmarks. GPU_PATIENCE:
# seconds for each tool of compute-sanitizer. KNET_PYTHON: the interpreter that has PyTorch (python3).
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 3
root=$PWD
emulation=${GPU_EMULATION:-}
out=${GPU_OUT:-$root/gpu-out}
tmp=${GPU_TMP:-$root/.gpu}
mkdir -p "$out" "$tmp/bin"

if [ ! -x "$tmp/bin/node" ]; then
  gzip -dc .gpu/node.gz > "$tmp/bin/node" && chmod +x "$tmp/bin/node" || { echo 'There is no .gpu/node.gz: run scripts/gpu-pack.sh first.'; exit 3; }
fi
rm -rf "$tmp/run"
tar xzf .gpu/run.tar.gz -C "$tmp" || { echo 'There is no .gpu/run.tar.gz: run scripts/gpu-pack.sh first.'; exit 3; }
# The benchmarks read the data sets there.
ln -s "$root/packages" "$tmp/run/packages"
export PATH="$tmp/bin:$PATH:/usr/local/cuda/bin" KNET_NODE_HEADERS="$root/.gpu/include"
# cuBLAS and cuDNN of pip's wheels: dlopen looks where LD_LIBRARY_PATH pointed when the process began, compilers where CPATH does.
# Without python3 there are none, and the libraries of the system are tried.
wheels=$(python3 -c 'import glob, sysconfig; print(sysconfig.get_paths()["purelib"] + "/nvidia")' 2>/dev/null || true)
for folder in "$wheels"/*/lib; do [ -d "$folder" ] && export LD_LIBRARY_PATH="$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"; done
includes=
for folder in "$wheels"/*/include; do [ -d "$folder" ] && includes="$includes${includes:+:}$folder"; done

echo "node $(node -v)"
if [ -n "$emulation" ]; then
  echo 'GPU: emulation on the processor'
else
  nvidia-smi --query-gpu=name,driver_version,memory.total,compute_cap --format=csv,noheader 2>/dev/null || echo 'GPU: nvidia-smi finds none'
fi

failed=()
# Runs a step and keeps its output: step <name> <command...>
step() {
  local name=$1 begin=$SECONDS
  shift
  echo
  echo "== $name"
  "$@" 2>&1 | tee "$out/$name.log"
  local code=${PIPESTATUS[0]}
  echo "-- $name: $([ "$code" = 0 ] && echo pass || echo "FAIL ($code)"), $((SECONDS - begin)) s"
  [ "$code" = 0 ] || failed+=("$name")
  return "$code"
}

build() {
  if [ -n "$emulation" ]; then
    node packages/knetarray-cuda/scripts/build-cuda.mjs --emulation
  else
    local arch
    arch=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | head -n 1 | tr -d '. ')
    node packages/knetarray-cuda/scripts/build-cuda.mjs ${arch:+--archs "$arch"}
  fi
}

headers() {
  local source name code=0
  for source in packages/knetarray-cuda/native/*_check.cc; do
    [ -e "$source" ] || continue
    name=$(basename "$source" _check.cc)
    if ! echo "#include <$name$([ "$name" = cublas ] && echo _v2).h>" | CPATH=$includes nvcc -x cu -E - > /dev/null 2>&1; then
      echo "$name: its headers are not installed"
    elif CPATH=$includes nvcc -std=c++17 --expt-relaxed-constexpr -DKNET_CUDA -x cu -c "$source" -o "$tmp/$name.o"; then
      echo "$name: our declarations are its own"
    else
      code=1
    fi
  done
  return $code
}

tests() { node "$tmp/run/tests.mjs" "$@"; }

sanitizer() {
  local tool code=0
  if ! command -v compute-sanitizer > /dev/null; then
    echo 'compute-sanitizer: left out, there is none here'
    return 0
  fi
  for tool in memcheck racecheck; do
    # Every access is checked: kernels take many times as long.
    timeout "${GPU_PATIENCE:-240}" compute-sanitizer --tool "$tool" --target-processes all --error-exitcode 9 \
      node "$tmp/run/tests.mjs" backend-tests -t 'float32( gradient)?$' | tail -n 40
    case ${PIPESTATUS[0]} in
      0) echo "$tool: nothing found" ;;
      124) echo "$tool: nothing found until it was stopped after ${GPU_PATIENCE:-240} s" ;;
      *) echo "$tool: errors"; code=1 ;;
    esac
  done
  return $code
}

bench() {
  local peers=none options=${GPU_BENCH:---samples 1 --budget 5}
  if [ -n "$emulation" ]; then
    # One small workload, and PyTorch on the processor where there is one.
    options="--quick --cap 120 linreg"
    if "${KNET_PYTHON:-python3}" -c 'import torch' 2>/dev/null; then
      peers=torch-cuda
      export KNET_TORCH_DEVICE=cpu
    fi
  else
    options="$options linreg softmax mlp lenet charlm"
    if "${KNET_PYTHON:-python3}" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' 2>/dev/null; then
      peers=torch-cuda,torch-compile,torch-graphs
    fi
  fi
  # shellcheck disable=SC2086
  node "$tmp/run/benchmarks/bench.js" --device cuda --peer "$peers" --json "$out/bench.json" $options
}

steps=("$@")
[ ${#steps[@]} -gt 0 ] || steps=(headers conformance own kernels sanitizer bench)

step build build || exit 4
KNET_CUDA_ADDON=$root/packages/knetarray-cuda/build/$([ -n "$emulation" ] && echo cuda_emu.node || echo cuda.node)
export KNET_CUDA_ADDON
for name in "${steps[@]}"; do
  case $name in
    headers) step headers headers ;;
    conformance) step conformance tests backend-tests ;;
    own) KNET_CUBLAS=off KNET_CUDNN=off step own tests backend-tests ;;
    kernels) step kernels tests knetarray-cuda ;;
    sanitizer) step sanitizer sanitizer ;;
    bench) step bench bench ;;
    *)
      echo "There is no step $name: see the head of this script."
      failed+=("$name")
      ;;
  esac
done

echo
if [ ${#failed[@]} -eq 0 ]; then
  echo 'All steps passed.'
else
  echo "Failed: ${failed[*]}"
  exit 1
fi
