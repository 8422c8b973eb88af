import { Controller, Get } from '@nestjs/common';
import { StandalonePage } from '../http/standalone-page.js';
import { UNDO_SCRIPT, undoPage } from './undo.page.js';

@Controller('undo')
export class UndoPageController {
  @Get()
  @StandalonePage(UNDO_SCRIPT)
  page(): string {
    return undoPage();
  }
}
