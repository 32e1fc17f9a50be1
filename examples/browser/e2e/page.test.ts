/** The built page in Chromium, from the first step to weights that come back after the device was lost. */
import { describe, expect, it } from 'vitest';
import { launch } from './chromium.js';
import { visitor } from './visitor.js';

const { visit, address } = visitor();

/** Little enough for a GPU in software. */
const small = { samples: 2000, test: 100, batch: 50, every: 20 };

/** A vertical stroke. */
const one = [
  [0.5, 0.15],
  [0.5, 0.85],
] as const;

describe.each(['cpu', 'webgpu'] as const)('on %s', device => {
  it('trains, pauses, resumes, reads a digit, and has the same weights after a reload', async () => {
    const first = await visit({ ...small, device });
    await first.press('Start');
    await first.phase('running');
    await first.reach(20);
    const early = await first.curve('loss-curve');
    await first.reach(60);
    await expect.poll(() => first.curve('loss-curve'), { timeout: 60_000 }).not.toBe(early);
    await first.press('Pause');
    await first.phase('paused');
    const steps = await first.steps();
    await first.told('loss-curve', new RegExp(`training data [\\d.]+ at step ${steps}(,|$)`));
    const curve = await first.curve('loss-curve');
    await first.page.waitForTimeout(500);
    expect(await first.steps()).toBe(steps);
    expect(await first.curve('loss-curve')).toBe(curve);
    expect(await first.text('status')).toBe(`Paused after step ${steps}.`);
    expect(await first.text('device-message')).toMatch(
      device === 'cpu' ? /runs on the CPU, as you chose/ : /runs on WebGPU \(.+\), as you chose/,
    );

    await first.press('Resume');
    await first.reach(Math.max(steps + 20, 160));
    await first.press('Stop');
    await first.phase('stopped');
    await first.told('accuracy-curve', /training data [\d.]+% at step \d+, test data [\d.]+% at step \d+/);
    expect(Number.parseFloat(await first.text('accuracy'))).toBeGreaterThan(60);
    for (const id of ['steps-per-second', 'items-per-second', 'live', 'peak']) expect(await first.text(id)).toMatch(/^[\d.,]+( MB)?$/);

    await first.stroke(...one);
    expect(await first.answer()).toBe(1);
    const bars = await first.bars();
    expect(bars.reduce((sum, width) => sum + Number.parseFloat(width), 0)).toBeCloseTo(100, 2);
    const { name, path } = await first.save();
    expect(name).toBe(`knet-mlp-${await first.steps()}.safetensors`);

    await first.page.reload();
    expect(await first.steps()).toBe(0);
    await first.load(path);
    await first.phase('paused');
    await first.stroke(...one);
    expect(await first.answer()).toBe(1);
    expect(await first.bars()).toEqual(bars);
    await first.press('Resume');
    await first.phase('running');
    await first.press('Stop');
    await first.phase('stopped');
  });

  it('trains LeNet', async () => {
    const page = await visit({ ...small, device, model: 'lenet', batch: 10, test: 20, every: 10, steps: 20, samples: 500 });
    await page.press('Start');
    await page.phase('paused');
    const [, before, after] = await page.told('loss-curve', /training data ([\d.]+) at step 20, test data ([\d.]+) at step 20/);
    expect(Number(before)).toBeLessThan(2.2);
    expect(Number(after)).toBeLessThan(2.2);
    await page.stroke(...one);
    expect(await page.answer()).toBeGreaterThanOrEqual(0);
  });

  it('learns a text and writes one', async () => {
    const sizes = { samples: 20000, batch: 10, length: 20, hidden: 24, embed: 8, every: 20, steps: 40, lr: 0.02 };
    const page = await visit({ ...sizes, device, model: 'charlm' });
    await page.press('Start');
    await page.phase('paused');
    const [, loss] = await page.told('loss-curve', /training data ([\d.]+) at step 40/);
    // Guessing among 84 characters has a loss of 4.43.
    expect(Number(loss)).toBeLessThan(3.5);
    await page.page.getByLabel('Begins with').fill('Gitche');
    await page.page.getByLabel('Characters').fill('40');
    await page.press('Write');
    await page.page.locator('#written[aria-busy=false]').waitFor();
    const written = (await page.page.locator('#written').textContent()) ?? '';
    expect(written).toMatch(/^Gitche/);
    expect([...written]).toHaveLength(46);

    await page.page.getByLabel('Begins with').fill('€');
    await page.press('Write');
    expect(await page.problem()).toBe('The model has never read the character "€": begin with a text without it.');
  });

  it('works with the keyboard alone', async () => {
    const keyboard = await visit({ ...small, device, steps: 160 });
    const { page } = keyboard;
    const focus = () => page.evaluate(() => document.activeElement?.id);
    const order: (string | undefined)[] = [];
    for (let i = 0; i < 7; i++) {
      await page.keyboard.press('Tab');
      order.push(await focus());
    }
    expect(order).toEqual(['model', 'device', 'start', 'stop', 'save', 'load', 'pad']);
    for (let i = 0; i < 4; i++) await page.keyboard.press('Shift+Tab');
    expect(await focus()).toBe('start');
    await page.keyboard.press('Enter');
    await keyboard.phase('paused');
    // The button is another one now, in the same place.
    expect(await focus()).toBe('start');
    for (let i = 0; i < 4; i++) await page.keyboard.press('Tab');
    expect(await focus()).toBe('pad');
    expect(await page.locator('#pen').isVisible()).toBe(true);
    await page.keyboard.press('Space');
    expect(await keyboard.text('pad-status')).toBe('The pen is down.');
    for (let i = 0; i < 14; i++) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Space');
    expect(await keyboard.text('pad-status')).toBe('The pen is lifted.');
    expect(await keyboard.answer()).toBe(1);
    await page.keyboard.press('Tab');
    expect(await focus()).toBe('clear');
    await page.keyboard.press('Space');
    await page.waitForFunction(() => document.getElementById('answer')?.textContent?.startsWith('Draw a digit'));
  });
});

describe('a lost device', () => {
  it('can be replaced, and training goes on with the weights that were kept', async () => {
    const page = await visit({ ...small, device: 'webgpu' });
    await page.press('Start');
    await page.reach(40);
    await page.lose();
    expect(await page.problem()).toMatch(/^WebGPU was lost \(.+\); the weights of step \d+ are kept\.$/);
    const kept = Number(/step (\d+)/.exec(await page.text('problem-message'))?.[1]);
    await page.press('Recover');
    await page.phase('running');
    expect(await page.page.locator('#problem').isVisible()).toBe(false);
    await page.reach(kept + 60);
    await page.press('Pause');
    await page.phase('paused');
    await page.stroke(...one);
    const [digit, bars] = [await page.answer(), await page.bars()];

    // Lost again, at rest: the copy is that of the last step.
    await page.lose();
    expect(await page.problem()).toContain(`the weights of step ${await page.steps()} are kept.`);
    await page.press('Recover');
    await page.phase('paused');
    expect([await page.answer(), await page.bars()]).toEqual([digit, bars]);

    // And where no WebGPU is left, the CPU takes over.
    await page.press('Resume');
    await page.phase('running');
    await page.lose();
    await page.problem();
    await page.choose('Device', 'cpu');
    const before = await page.steps();
    await page.press('Recover');
    await page.phase('running');
    expect(await page.text('device-message')).toBe('The model runs on the CPU, as you chose.');
    await page.reach(before + 20);
  });
});

describe('the page', () => {
  it('says which device it chose by itself, and why', async () => {
    const page = await visit({ ...small, steps: 1 });
    await page.press('Start');
    await page.phase('paused');
    expect(await page.text('device-message')).toMatch(/^The model runs on WebGPU \(.+\), because this browser offers it\.$/);

    const without = await launch({ webgpu: false });
    try {
      const other = await visit({ ...small, steps: 1 }, {}, without);
      await other.press('Start');
      await other.phase('paused');
      expect(await other.text('device-message')).toMatch(/^The model runs on the CPU, because this browser offers no WebGPU \(.+\)\.$/);
      await other.page.reload();
      await other.choose('Device', 'webgpu');
      await other.press('Start');
      expect(await other.problem()).toMatch(/^webgpu: there is no adapter/);
      await other.phase('idle');
    } finally {
      await without.close();
    }
  });

  it('says in words why a file does not fit', async () => {
    const page = await visit({ ...small, device: 'cpu', hidden: 8, steps: 1 });
    await page.press('Start');
    await page.phase('paused');
    const { path } = await page.save();
    await page.page.goto(`${address()}?device=cpu`);
    await page.load(path);
    expect(await page.problem()).toBe(
      'The file does not fit the model: its w[0][0] is float32 [8, 784], and that of the model float32 [64, 784]. Choose the model and the sizes that it was saved with.',
    );
    expect(await page.page.evaluate(() => document.body.dataset.phase)).toBe('idle');
    await page.press('Dismiss');
    await page.choose('Model', 'lenet');
    await page.load(path);
    expect(await page.problem()).toBe('The file holds weights of the perceptron: choose that model first, or a file of LeNet.');
    await page.press('Dismiss');
    await page.load({ name: 'noise.safetensors', mimeType: '', buffer: Buffer.from('not weights') });
    expect(await page.problem()).toMatch(/^The file cannot be read: /);
  });

  it('names what it does not understand in its address', async () => {
    const page = await visit({ batch: 'many', model: 'gpt', colour: 'blue' });
    expect(await page.problem()).toBe(
      'The parameter batch of the address must be a whole number of at least 1, not "many". ' +
        'The parameter model of the address must be one of mlp, lenet, charlm, not "gpt". ' +
        'The address has a parameter "colour", which this page does not know.',
    );
  });

  it.each(['light', 'dark'] as const)('fits a phone, %s', async colorScheme => {
    const page = await visit(
      { ...small, device: 'cpu', steps: 20 },
      { viewport: { width: 360, height: 740 }, colorScheme, hasTouch: true, isMobile: true },
    );
    const overflow = () => page.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(await overflow()).toBe(0);
    await page.press('Start');
    await page.phase('paused');
    expect(await overflow()).toBe(0);
    await page.press('Stop');
    await page.phase('stopped');
    await page.choose('Model', 'charlm');
    expect(await overflow()).toBe(0);
    const brightness = await page.page.evaluate(() => Number(/\d+/.exec(getComputedStyle(document.body).backgroundColor)?.[0]));
    expect(brightness > 128).toBe(colorScheme === 'light');
  });
});
