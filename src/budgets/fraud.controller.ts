import { Body, Controller, Delete, Get, HttpCode, Post, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Config } from '../config/config.js';
import { CurrentCaller, Roles, type Caller } from '../http/access.js';
import { ApiProblems } from '../http/api-problems.js';
import { CurrentClient, type Client } from '../http/client.js';
import {
  ADMIN_BODY_PROBLEMS,
  ADMIN_PROBLEMS,
  ADMIN_READ_PROBLEMS,
  CommonError,
} from '../http/common.errors.js';
import { IdParam } from '../http/id-param.js';
import { ApiPage, INVALID_LIMIT, paginate, PageQuery } from '../http/pagination.js';
import { FraudError } from './budgets.errors.js';
import { FraudEntry, FraudQuery, FraudReport, NewBlock, NewSafeEntry } from './fraud.dto.js';
import { FraudService } from './fraud.service.js';

const EntryId = () => IdParam('id', 'The `id` from the list of entries.', FraudError.ruleNotFound);

const BLOCK_EXAMPLES = {
  prefix: {
    summary: 'A number prefix',
    value: { prefix: '+1900', until: '2035-01-01T00:00:00Z', reason: 'Premium numbers.' },
  },
  network: {
    summary: 'A network',
    value: { network: '203.0.113.0/24', until: '2035-01-01T00:00:00Z', reason: 'Asks for codes all day.' },
  },
};
const SAFE_EXAMPLES = {
  country: { summary: 'A country', value: { country: 'US', reason: 'Launch campaign.' } },
};

@ApiTags('Fraud')
@ApiBearerAuth()
@Roles('admin')
@Controller('fraud')
export class FraudController {
  constructor(
    private readonly fraud: FraudService,
    private readonly config: Config,
  ) {}

  /**
   * Get messages, right codes, spend and refusals
   *
   * @remarks Today's traffic:
   *
   * - the 50 countries, number prefixes, networks and applications with the most outstanding
   *   recipients or messages
   * - what each provider sent, delivered and cost, and how many of its codes were entered
   * - what was spent, and the spend limits
   * - what was refused, and why
   *
   * The audit log records that the report was read.
   */
  @Get()
  @ApiProblems(
    CommonError.validation([{ field: 'sort', detail: 'sort must be outstanding or sent.' }]),
    ...ADMIN_READ_PROBLEMS,
  )
  getFraudReport(
    @CurrentCaller() caller: Caller,
    @Query() { sort }: FraudQuery,
    @CurrentClient() client: Client,
  ): Promise<FraudReport> {
    return this.fraud.report(caller, client, sort);
  }

  /**
   * List blocks
   *
   * @remarks Blocks that have not ended. Follow the `Link` header to the next page until there is
   * none.
   */
  @Get('blocks')
  @ApiPage(FraudEntry)
  @ApiProblems(INVALID_LIMIT, ...ADMIN_READ_PROBLEMS)
  async listBlocks(
    @Query() query: PageQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<FraudEntry[]> {
    const url = `${this.config.publicUrl}/fraud/blocks`;
    return paginate(await this.fraud.list('block', query), query, url, reply);
  }

  /**
   * Block a number prefix, a country or a network
   *
   * @remarks No codes are sent to these numbers, or for clients of this network, until the given
   * time. Acts in every process within ten seconds. A second block of the same value replaces the
   * first one. The audit log records it. Needs a sign-in within ten minutes.
   */
  @Post('blocks')
  @ApiBody({ type: NewBlock, examples: BLOCK_EXAMPLES })
  @ApiProblems(FraudError.tooManyRules(), ...ADMIN_BODY_PROBLEMS)
  addBlock(
    @CurrentCaller() caller: Caller,
    @Body() body: NewBlock,
    @CurrentClient() client: Client,
  ): Promise<FraudEntry> {
    return this.fraud.save(caller, 'block', body, client);
  }

  /**
   * Lift a block
   *
   * @remarks The audit log records it. Needs a sign-in within ten minutes.
   */
  @Delete('blocks/:id')
  @HttpCode(204)
  @ApiProblems(FraudError.ruleNotFound(), ...ADMIN_PROBLEMS)
  removeBlock(
    @CurrentCaller() caller: Caller,
    @EntryId() id: string,
    @CurrentClient() client: Client,
  ): Promise<void> {
    return this.fraud.remove(caller, 'block', id, client);
  }

  /**
   * List the safe list
   *
   * @remarks Entries that have not ended. Follow the `Link` header to the next page until there is
   * none.
   */
  @Get('safe-list')
  @ApiPage(FraudEntry)
  @ApiProblems(INVALID_LIMIT, ...ADMIN_READ_PROBLEMS)
  async listSafeEntries(
    @Query() query: PageQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<FraudEntry[]> {
    const url = `${this.config.publicUrl}/fraud/safe-list`;
    return paginate(await this.fraud.list('safe', query), query, url, reply);
  }

  /**
   * Add to the safe list
   *
   * @remarks A safe prefix or country is exempt from the limits per prefix and country and from
   * blocks; a safe network is exempt from the limit per network and from blocks. The limits per
   * recipient and the spend limits still hold. Acts in every process within ten seconds. The audit
   * log records it. Needs a sign-in within ten minutes.
   */
  @Post('safe-list')
  @ApiBody({ type: NewSafeEntry, examples: SAFE_EXAMPLES })
  @ApiProblems(FraudError.tooManyRules(), ...ADMIN_BODY_PROBLEMS)
  addSafeEntry(
    @CurrentCaller() caller: Caller,
    @Body() body: NewSafeEntry,
    @CurrentClient() client: Client,
  ): Promise<FraudEntry> {
    return this.fraud.save(caller, 'safe', body, client);
  }

  /**
   * Remove from the safe list
   *
   * @remarks The audit log records it. Needs a sign-in within ten minutes.
   */
  @Delete('safe-list/:id')
  @HttpCode(204)
  @ApiProblems(FraudError.ruleNotFound(), ...ADMIN_PROBLEMS)
  removeSafeEntry(
    @CurrentCaller() caller: Caller,
    @EntryId() id: string,
    @CurrentClient() client: Client,
  ): Promise<void> {
    return this.fraud.remove(caller, 'safe', id, client);
  }
}
