// Starts the longest files first. Started last, they would run alone while other workers are idle.
import Sequencer from '@jest/test-sequencer';

const SLOW =
  /(providers|housekeeping|receipts|embedded|delivery-faults|passwords|challenge-status|metrics|devices|crash|mixed-faults|package|client|pages|refusals|fraud|fraud-rules)\.spec\.ts$/;

export default class SlowFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    const isSlow = ({ path }) => SLOW.test(path);
    return [...sorted.filter(isSlow), ...sorted.filter((test) => !isSlow(test))];
  }
}
