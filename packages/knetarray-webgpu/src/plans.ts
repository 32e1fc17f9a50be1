/** What is worked out once for a geometry. */

/** Plans by the object of a geometry, which a training loop uses again at every step, and by what else they depend on. */
export class Plans<Geometry extends object, Plan> {
  readonly #known = new WeakMap<Geometry, Map<string, Plan>>();

  /** The plan for a geometry and a key, made the first time. */
  get(geometry: Geometry, key: string, make: () => Plan): Plan {
    let plans = this.#known.get(geometry);
    if (plans === undefined) {
      plans = new Map();
      this.#known.set(geometry, plans);
    }
    let plan = plans.get(key);
    if (plan === undefined) {
      plan = make();
      plans.set(key, plan);
    }
    return plan;
  }
}
