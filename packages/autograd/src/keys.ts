/** The keys under which objects take part in differentiation. Apart from everything else, because classes need them as they are defined. */

/** Key under which a class shows its `LeafType`: `get [leafType]() { return myLeafType; }`. */
export const leafType: unique symbol = /* @__PURE__ */ Symbol.for('knet.leafType');

/** Key under which a box carries its tape entry. */
export const boxEntry: unique symbol = /* @__PURE__ */ Symbol.for('knet.boxEntry');
