/** A visitor of the page: what they do, and what they see. */
import type { Browser, BrowserContextOptions, Page } from 'playwright';
import { expect } from 'vitest';

/** A page in a context of its own, with what must not happen in it. */
export class Visit {
  readonly #wrong: string[] = [];

  private constructor(
    readonly page: Page,
    readonly origin: string,
  ) {
    // A GPU in software on a busy machine takes its time.
    page.setDefaultTimeout(60_000);
    page.on('pageerror', error => this.#wrong.push(`error: ${error.message}`));
    page.on('console', entry => {
      if (entry.type() === 'error' || entry.type() === 'warning') this.#wrong.push(`console: ${entry.text()}`);
    });
    // Requests of the worker are requests of the page.
    page.on('request', request => {
      if (!request.url().startsWith(origin) && !/^(data|blob):/.test(request.url())) this.#wrong.push(`request: ${request.url()}`);
    });
    page.on('requestfailed', request => this.#wrong.push(`failed: ${request.url()}`));
    page.on('response', response => {
      if (response.status() >= 400) this.#wrong.push(`${response.status()}: ${response.url()}`);
    });
  }

  /** Opens the page with parameters in its address. */
  static async begin(browser: Browser, url: string, parameters: Record<string, string | number>, options: BrowserContextOptions = {}) {
    const context = await browser.newContext(options);
    const visit = new Visit(await context.newPage(), new URL(url).origin);
    await visit.page.goto(`${url}?${new URLSearchParams(Object.entries(parameters).map(([name, value]) => [name, String(value)]))}`);
    return visit;
  }

  /** Closes the page. Nothing went wrong in it, and nothing left its origin. */
  async end(): Promise<void> {
    await this.page.context().close();
    expect(this.#wrong).toEqual([]);
  }

  press(name: string): Promise<void> {
    return this.page.getByRole('button', { name, exact: true }).click();
  }

  /** Chooses in one of the pickers. */
  async choose(picker: 'Model' | 'Device', value: string): Promise<void> {
    await this.page.getByRole('combobox', { name: picker }).selectOption(value);
  }

  /** Destroys the device in the worker. */
  async lose(): Promise<void> {
    await this.page.evaluate(() => dispatchEvent(new Event('knet-lose-device')));
  }

  /** Waits for a phase of the training. A sentence about a problem ends the waiting. */
  phase(name: string): Promise<void> {
    return this.#wait({ phase: name, steps: 0 });
  }

  /** Waits until so many steps are taken; likewise. */
  reach(steps: number): Promise<void> {
    return this.#wait({ phase: undefined, steps });
  }

  async #wait(wanted: { phase: string | undefined; steps: number }): Promise<void> {
    const shown = await this.page.waitForFunction(({ phase, steps }) => {
      const taken = Number(document.getElementById('steps')?.textContent?.replace(',', ''));
      if (taken >= steps && (phase ?? document.body.dataset.phase) === document.body.dataset.phase) return 'reached';
      const problem = document.getElementById('problem');
      return problem === null || problem.hidden ? undefined : problem.textContent?.trim();
    }, wanted);
    expect(await shown.jsonValue()).toBe('reached');
  }

  async text(id: string): Promise<string> {
    return (await this.page.locator(`#${id}`).textContent())?.trim() ?? '';
  }

  async steps(): Promise<number> {
    return Number((await this.text('steps')).replace(',', ''));
  }

  /** The drawn line of a curve, for the eye. */
  async curve(id: 'loss-curve' | 'accuracy-curve'): Promise<string> {
    return this.page.locator(`#${id} svg`).innerHTML();
  }

  /**
   * What a curve says of its end, `training data 0.31 at step 60`, once that matches: it is drawn a frame after the page has heard of
   * a step.
   */
  async told(id: 'loss-curve' | 'accuracy-curve', pattern: RegExp): Promise<RegExpExecArray> {
    const label = async () => (await this.page.locator(`#${id}`).getAttribute('aria-label')) ?? '';
    await expect.poll(label, { timeout: 60_000 }).toMatch(pattern);
    return pattern.exec(await label())!;
  }

  /** Draws a stroke through points given in parts of the drawing area. */
  async stroke(...points: readonly (readonly [x: number, y: number])[]): Promise<void> {
    const pad = this.page.locator('#pad');
    await pad.scrollIntoViewIfNeeded();
    const box = await pad.boundingBox();
    if (box === null) throw new Error('The drawing area is not shown.');
    const [first, ...rest] = points.map(([x, y]) => [box.x + x * box.width, box.y + y * box.height] as const);
    await this.page.mouse.move(...first!);
    await this.page.mouse.down();
    for (const point of rest) await this.page.mouse.move(...point, { steps: 5 });
    await this.page.mouse.up();
  }

  /** Waits for an answer about the drawing as it is, and returns the digit. */
  async answer(): Promise<number> {
    const shown = await this.page.waitForFunction(() => {
      const answer = document.querySelector('#answer[aria-busy=false]');
      return /This is a (\d)/.exec(answer?.textContent ?? '')?.[1];
    });
    return Number(await shown.jsonValue());
  }

  /** The ten probabilities as the bars show them. */
  bars(): Promise<string[]> {
    return this.page.locator('#bars .bar').evaluateAll(bars => bars.map(bar => (bar instanceof HTMLElement ? bar.style.width : '')));
  }

  /** The sentence about a problem, once there is one. */
  async problem(): Promise<string> {
    await this.page.locator('#problem').waitFor();
    return this.text('problem-message');
  }

  /** Saves the weights; returns the name of the file and where it is. */
  async save(): Promise<{ name: string; path: string }> {
    const [download] = await Promise.all([this.page.waitForEvent('download'), this.press('Save weights')]);
    return { name: download.suggestedFilename(), path: await download.path() };
  }

  load(file: string | { name: string; mimeType: string; buffer: Buffer }): Promise<void> {
    return this.page.locator('#file').setInputFiles(file);
  }
}
