/** Numbers about a training. */
import type { Report } from '../protocol.js';
import { element, say } from './elements.js';

const three = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** A share as percent: `97.3%`. */
export const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;

/** A rate: three digits, and whole above that. */
const rate = (value: number): string => (value >= 1000 ? whole : three).format(value);

/** `12.3 MB`. */
const megabytes = (bytes: number): string => `${three.format(bytes / 1e6)} MB`;

const put = (id: string, text: string): void => say(element(id, HTMLElement), text);

/** Shows what is in a report; other reports have no figures. */
export function showFigures(report: Report): void {
  switch (report.type) {
    case 'weights':
      put('steps', whole.format(report.step));
      if (report.anew) for (const id of ['loss', 'accuracy', 'steps-per-second', 'items-per-second']) put(id, '–');
      break;
    case 'steps': {
      const last = report.losses[report.losses.length - 1];
      if (last !== undefined) {
        put('steps', whole.format(last.step));
        put('loss', last.loss.toFixed(3));
      }
      if (report.stepsPerSecond > 0) {
        put('steps-per-second', rate(report.stepsPerSecond));
        put('items-per-second', rate(report.itemsPerSecond));
      }
      break;
    }
    case 'scores':
      put('accuracy', percent(report.test.accuracy));
      break;
    case 'memory':
      put('live', megabytes(report.live));
      put('pooled', megabytes(report.pooled));
      put('peak', megabytes(report.peak));
  }
}

/** Names what the speed counts. */
export function countItems(items: 'Images' | 'Characters'): void {
  put('items-name', `${items}/s`);
}
