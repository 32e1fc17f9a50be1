// What the addons of native backends give JavaScript in the same way: functions in raw Node-API, and weak references.
#pragma once

#include <napi.h>

#include <cstdint>

namespace knet {

inline void addFunction(Napi::Object& exports, const char* name, napi_callback function) {
  napi_value value;
  napi_create_function(exports.Env(), name, NAPI_AUTO_LENGTH, function, nullptr, &value);
  exports.Set(name, Napi::Value(exports.Env(), value));
}

// A weak reference, which unlike JavaScript's WeakRef tells of a collection in the middle of a synchronous loop. It is known
// to JavaScript by its address. Raw Node-API: every array that a user is given gets one.
inline napi_value weak(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value target = nullptr, handle = nullptr;
  napi_ref reference = nullptr;
  napi_get_cb_info(env, info, &count, &target, nullptr, nullptr);
  if (napi_create_reference(env, target, 0, &reference) != napi_ok) {
    napi_throw_type_error(env, nullptr, "a weak reference to something that is not an object");
    return nullptr;
  }
  napi_create_double(env, static_cast<double>(reinterpret_cast<uintptr_t>(reference)), &handle);
  return handle;
}

inline napi_ref referenceOf(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value handle = nullptr;
  double address = 0;
  napi_get_cb_info(env, info, &count, &handle, nullptr, nullptr);
  napi_get_value_double(env, handle, &address);
  return reinterpret_cast<napi_ref>(static_cast<uintptr_t>(address));
}

// The target of a weak reference. Once it was collected, the reference ends and there is none.
inline napi_value target(napi_env env, napi_callback_info info) {
  const napi_ref reference = referenceOf(env, info);
  napi_value value = nullptr;
  napi_get_reference_value(env, reference, &value);
  if (value == nullptr) napi_delete_reference(env, reference);
  return value;
}

inline napi_value forget(napi_env env, napi_callback_info info) {
  napi_delete_reference(env, referenceOf(env, info));
  return nullptr;
}

// The functions of src/weak-reference.ts.
inline void addWeakReferences(Napi::Object& exports) {
  addFunction(exports, "weak", weak);
  addFunction(exports, "target", target);
  addFunction(exports, "forget", forget);
}

}  // namespace knet
