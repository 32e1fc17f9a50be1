/** The curves that grow while a model is trained. */
import { LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import { type ECharts, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { Series } from './series.js';

use([LineChart, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

/** A line: its name in the legend, and the custom property of the style sheet that holds its colour. */
export interface Line {
  readonly name: string;
  readonly color: string;
}

/** Lines over the steps of a training, drawn at most once for each frame of the screen. */
export class Curve {
  readonly #chart: ECharts;
  readonly #series: readonly Series[];
  #frame = 0;

  /**
   * @param container - takes the drawing; its label tells the last values
   * @param title - what the label begins with
   * @param format - a value for readers, and one on the axis
   * @param most - where the axis ends; by default behind the largest value
   */
  constructor(
    readonly container: HTMLElement,
    readonly title: string,
    readonly lines: readonly Line[],
    readonly format: (value: number) => string,
    readonly axisFormat: (value: number) => string,
    readonly most?: number,
  ) {
    this.#chart = init(container, null, { renderer: 'svg' });
    this.#series = lines.map(() => new Series());
    new ResizeObserver(() => this.#chart.resize()).observe(container);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#draw());
    this.#draw();
  }

  /** Adds a point to the line of a number. */
  add(line: number, step: number, value: number): void {
    this.#series[line]?.add(step, value);
    this.#later();
  }

  /** Forgets what lies behind a step, or everything. */
  cutAfter(step?: number): void {
    for (const series of this.#series) {
      if (step === undefined) series.clear();
      else series.cutAfter(step);
    }
    this.#later();
  }

  #later(): void {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw(): void {
    const style = getComputedStyle(this.container);
    const color = (name: string) => style.getPropertyValue(name).trim();
    const [ink, grid] = [color('--muted'), color('--line')];
    const text = { color: ink, fontFamily: style.fontFamily, fontSize: 12 };
    this.#chart.setOption({
      animation: false,
      textStyle: text,
      legend: { top: 0, right: 0, itemWidth: 18, itemHeight: 8, textStyle: text, icon: 'roundRect' },
      tooltip: {
        trigger: 'axis',
        confine: true,
        backgroundColor: color('--card'),
        borderColor: grid,
        textStyle: { ...text, color: color('--ink') },
        valueFormatter: (value: unknown) => (typeof value === 'number' ? this.format(value) : '–'),
      },
      grid: { left: 44, right: 10, top: 34, bottom: 26 },
      xAxis: {
        type: 'value',
        min: 0,
        minInterval: 1,
        axisLabel: text,
        axisLine: { lineStyle: { color: grid } },
        axisTick: { show: false },
        axisPointer: { label: { formatter: ({ value }: { value: unknown }) => `step ${Math.round(Number(value))}` } },
        splitLine: { show: false },
      },
      yAxis: {
        type: 'value',
        min: 0,
        max: this.most,
        axisLine: { show: false },
        axisTick: { show: false },
        axisLabel: { ...text, formatter: this.axisFormat },
        splitLine: { lineStyle: { color: grid } },
      },
      series: this.lines.map((line, i) => ({
        name: line.name,
        type: 'line',
        data: this.#series[i]?.points,
        color: color(line.color),
        symbol: 'circle',
        symbolSize: 4,
        showSymbol: (this.#series[i]?.points.length ?? 0) < 30,
        lineStyle: { width: 2 },
      })),
    });
    this.container.setAttribute('aria-label', `${this.title}: ${this.#summary()}`);
  }

  #summary(): string {
    const parts = this.lines.flatMap(({ name }, i) => {
      const last = this.#series[i]?.last;
      return last === undefined ? [] : [`${name} ${this.format(last[1])} at step ${last[0]}`];
    });
    return parts.length === 0 ? 'empty so far' : parts.join(', ');
  }
}
