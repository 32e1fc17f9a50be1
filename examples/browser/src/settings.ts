/** Settings of a training, which the address of the page may change: `?model=lenet&batch=20&samples=500`. */
import { type DeviceChoice, deviceChoices, type ModelName, modelNames } from './protocol.js';

/** Numbers that say how a model is trained. What a model has no use for, it passes over. */
export interface Settings {
  /** Images, or characters of the text, to learn from: the first ones. */
  readonly samples: number;
  /** Images that a score is measured on. */
  readonly test: number;
  /** Images in a step, or parts of the text that are read side by side. */
  readonly batch: number;
  /** Characters of each part in a step. */
  readonly length: number;
  /** Units of the hidden layer, or of the LSTM. */
  readonly hidden: number;
  /** Numbers that stand for a character. */
  readonly embed: number;
  /** Learning rate of Adam. */
  readonly lr: number;
  /** Steps between two scores. */
  readonly every: number;
  /** Steps after which training pauses; 0 for never. */
  readonly steps: number;
  /** Seed of the random numbers. */
  readonly seed: number;
}

const digits: Settings = {
  ...{ samples: 60000, test: 1000, batch: 100, length: 1, hidden: 64, embed: 1, lr: 0.002 },
  ...{ every: 100, steps: 0, seed: 1 },
};

/** What each model is trained with, unless the address says otherwise. */
export const defaults: Readonly<Record<ModelName, Settings>> = {
  mlp: digits,
  lenet: { ...digits, every: 50, lr: 0.001 },
  charlm: { ...digits, samples: 1e9, batch: 32, length: 50, hidden: 128, embed: 32, lr: 0.005, every: 50 },
};

/** What the address asks for. */
export interface Address {
  readonly model: ModelName;
  readonly device: DeviceChoice;
  readonly changes: Partial<Settings>;
  /** A sentence for each parameter that is not understood; it counts as absent. */
  readonly mistakes: readonly string[];
}

/** Reads the part of an address behind the question mark. */
export function readAddress(search: string): Address {
  const mistakes: string[] = [];
  const changes: { -readonly [Name in keyof Settings]?: number } = {};
  let model: ModelName = 'mlp';
  let device: DeviceChoice = 'auto';
  for (const [name, text] of new URLSearchParams(search)) {
    if (name === 'model') model = oneOf(modelNames, name, text, mistakes) ?? model;
    else if (name === 'device') device = oneOf(deviceChoices, name, text, mistakes) ?? device;
    else if (isSetting(name)) changes[name] = numberOf(name, text, mistakes);
    else mistakes.push(`The address has a parameter ${JSON.stringify(name)}, which this page does not know.`);
  }
  return { model, device, changes, mistakes };
}

/** The settings of a model with the changes of the address. */
export function settingsFor(model: ModelName, changes: Partial<Settings>): Settings {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  return { ...defaults[model], ...Object.fromEntries(given) };
}

function isSetting(name: string): name is keyof Settings {
  return Object.hasOwn(digits, name);
}

function numberOf(name: keyof Settings, text: string, mistakes: string[]): number | undefined {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  const least = name === 'steps' || name === 'seed' ? 0 : 1;
  const good = name === 'lr' ? Number.isFinite(value) && value > 0 : Number.isSafeInteger(value) && value >= least;
  if (good) return value;
  const wanted = name === 'lr' ? 'a number above 0' : `a whole number of at least ${least}`;
  mistakes.push(`The parameter ${name} of the address must be ${wanted}, not ${JSON.stringify(text)}.`);
  return undefined;
}

function oneOf<T extends string>(known: readonly T[], name: string, text: string, mistakes: string[]): T | undefined {
  const found = known.find(one => one === text);
  if (found === undefined)
    mistakes.push(`The parameter ${name} of the address must be one of ${known.join(', ')}, not ${JSON.stringify(text)}.`);
  return found;
}
