/** The update formulas on plain numbers, written a second time, one element after the other. */
export type Reference = (w: number, g: number) => number;

/** Fresh references by class name, with the default options. Each closes over the state of one element. */
export const references: Record<string, () => Reference> = {
  Sgd: () => (w, g) => w - 0.001 * g,
  Momentum: () => {
    let v = 0;
    return (w, g) => {
      v = 0.9 * v + 0.001 * g;
      return w - v;
    };
  },
  Nesterov: () => {
    let v = 0;
    return (w, g) => {
      const before = v;
      v = 0.9 * v - 0.001 * g;
      return w - 0.9 * before + 1.9 * v;
    };
  },
  Adagrad: () => {
    let G = 0;
    return (w, g) => {
      G += g * g;
      return w - (0.1 * g) / Math.sqrt(G + 1e-6);
    };
  },
  Adadelta: () => {
    let G = 0;
    let delta = 0;
    return (w, g) => {
      G = 0.9 * G + 0.1 * g * g;
      const u = (g * Math.sqrt(delta + 1e-6)) / Math.sqrt(G + 1e-6);
      delta = 0.9 * delta + 0.1 * u * u;
      return w - 0.01 * u;
    };
  },
  Rmsprop: () => {
    let G = 0;
    return (w, g) => {
      G = 0.9 * G + 0.1 * g * g;
      return w - (0.001 * g) / Math.sqrt(G + 1e-6);
    };
  },
  Adam: () => adam(0),
  AdamW: () => adam(0.01),
};

function adam(weightDecay: number): Reference {
  let [m, v, t] = [0, 0, 0];
  return (w, g) => {
    t++;
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    const mean = m / (1 - 0.9 ** t);
    const square = v / (1 - 0.999 ** t);
    return w - 0.001 * weightDecay * w - (0.001 * mean) / (Math.sqrt(square) + 1e-8);
  };
}
