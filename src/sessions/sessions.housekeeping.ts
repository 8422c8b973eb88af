import { Injectable } from '@nestjs/common';
import { Housekeeping } from '../database/housekeeping.js';
import { DeviceRepository } from './device.repository.js';
import { SessionRepository } from './session.repository.js';

/** Removes sessions 30 days after their end, and devices that were not used for 180 days. */
@Injectable()
export class SessionsHousekeeping {
  constructor(sessions: SessionRepository, devices: DeviceRepository, housekeeping: Housekeeping) {
    housekeeping.addRemoval('sessions', (limit) => sessions.removeOld(limit));
    housekeeping.addRemoval('devices', (limit) => devices.removeUnused(limit));
  }
}
