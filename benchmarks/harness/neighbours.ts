import { cpus } from 'node:os';

/** Milliseconds that the processors were busy, and that there were in all, since the machine started. */
function processorTimes(): { busy: number; all: number } {
  const sum = { busy: 0, all: 0 };
  for (const { times } of cpus()) {
    const busy = times.user + times.nice + times.sys + times.irq;
    sum.busy += busy;
    sum.all += busy + times.idle;
  }
  return sum;
}

/**
 * Starts to watch how busy other processes keep the machine. Threads that wait for each other lose far more than the share
 * of the processor that a neighbour takes, so such a sample says little.
 *
 * @returns a function of the processor seconds of processes that belong to us, which gives the share, from 0 to 1, of all
 * processors that the others took in between
 */
export function watchNeighbours(): (helpers: number) => number {
  const [start, own] = [processorTimes(), process.cpuUsage()];
  return helpers => {
    const [end, used] = [processorTimes(), process.cpuUsage(own)];
    const ours = (used.user + used.system) / 1000 + helpers * 1000;
    return end.all === start.all ? 0 : Math.min(1, Math.max(0, (end.busy - start.busy - ours) / (end.all - start.all)));
  };
}

/** The share in words, when it is large enough to disturb a measurement. */
export const describeNeighbours = (share: number): string | undefined =>
  share < 0.05 ? undefined : `other processes took ${(100 * share).toFixed(0)} % of the processors`;
