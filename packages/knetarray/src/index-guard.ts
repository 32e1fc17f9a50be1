/** What stands behind every array in the prototype chain: `a[0]` and `a[0] = 1`, which JavaScript would get silently wrong, throw. */

const isIndex = (key: string | symbol): boolean => typeof key === 'string' && /^-?\d+$/.test(key);

/** The last prototype of arrays before `Object.prototype`. Properties that an array has are found before it. */
export const indexGuard: object = /* @__PURE__ */ new Proxy(Object.prototype, {
  get(target, key, receiver): unknown {
    if (isIndex(key)) {
      throw new TypeError(`a[${String(key)}] reads no element of an array; write a.get(${String(key)}) or a.slice(...)`);
    }
    return Reflect.get(target, key, receiver);
  },
  set(target, key, value, receiver): boolean {
    if (isIndex(key)) {
      throw new TypeError(
        `a[${String(key)}] = ... writes no element; write a.set(${String(key)}, value). ` +
          'An array that is being differentiated cannot be written: build a new one with cat, where or arithmetic.',
      );
    }
    return Reflect.set(target, key, value, receiver);
  },
});
