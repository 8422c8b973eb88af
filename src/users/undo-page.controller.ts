import { Controller, Get } from '@nestjs/common';
import { StandalonePage } from '../http/standalone-page.js';
import { UNDO_DELETION_SCRIPT, UNDO_SCRIPT, undoDeletionPage, undoPage } from './undo.page.js';

@Controller()
export class UndoPageController {
  @Get('undo')
  @StandalonePage(UNDO_SCRIPT)
  page(): string {
    return undoPage();
  }

  @Get('undo-deletion')
  @StandalonePage(UNDO_DELETION_SCRIPT)
  deletionPage(): string {
    return undoDeletionPage();
  }
}
