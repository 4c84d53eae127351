import re

from odoo import api, fields, models
from odoo.exceptions import UserError

# What Odoo takes as the name of a property; for any other it raises an error that no sidecar could read.
PROPERTY_NAME = re.compile(r"[a-z0-9_]{1,512}")
PROPERTY_TYPES = {"string": "char", "integer": "integer", "number": "float", "boolean": "boolean"}


class Connector(models.Model):
    """A kind of channel that the sidecar can speak to. Written by the gateway's `register` alone."""

    _name = "lockgate.connector"
    _description = "Connector"
    _order = "name"

    name = fields.Char(required=True, readonly=True)
    code = fields.Char(required=True, readonly=True)
    version = fields.Char(readonly=True)
    capabilities = fields.Json(readonly=True)
    settings_schema = fields.Json(readonly=True)
    settings_definition = fields.PropertiesDefinition(readonly=True)
    can_read_back = fields.Boolean(
        readonly=True, help="Whether the channel can be asked what it shows: then every push is verified."
    )
    batch_size = fields.Integer(readonly=True)
    registered_at = fields.Datetime(readonly=True)
    channel_ids = fields.One2many("lockgate.channel", "connector_id", readonly=True)

    _code_unique = models.Constraint("UNIQUE (code)", "A connector with this code is already registered.")

    @api.model
    def _upsert(self, descriptions):
        """Upsert the catalogue from `ConnectorDescription` messages; a connector is never removed."""
        known = {connector.code: connector for connector in self.search([])}
        for description in descriptions:
            values = self._prepare_connector(description)
            connector = known.get(description["code"])
            if connector:
                connector.write(values)
            else:
                self.create(values)

    @api.model
    def _prepare_connector(self, description):
        capabilities = description["capabilities"]
        return {
            "code": description["code"],
            "name": description["name"],
            "version": description["version"],
            "capabilities": capabilities,
            "can_read_back": capabilities["read_back"],
            "batch_size": capabilities["batch_size"],
            "settings_schema": description["settings_schema"],
            "settings_definition": self._prepare_settings_definition(description),
            "registered_at": fields.Datetime.now(),
        }

    @api.model
    def _prepare_settings_definition(self, description):
        """The settings schema as an Odoo form shows it; what a form cannot show is refused."""
        definition = []
        for name, setting in description["settings_schema"].get("properties", {}).items():
            if not PROPERTY_NAME.fullmatch(name):
                raise UserError(
                    self.env._(
                        "Connector %(code)s: the setting %(setting)s has a name that Odoo does not take. "
                        "Use a to z, digits and underscores.",
                        code=description["code"],
                        setting=name,
                    )
                )
            if setting.get("type") not in PROPERTY_TYPES:
                raise UserError(
                    self.env._(
                        "Connector %(code)s: setting %(setting)s has the type %(type)s. "
                        "Settings are string, integer, number or boolean.",
                        code=description["code"],
                        setting=name,
                        type=setting.get("type"),
                    )
                )
            definition.append(
                {
                    "name": name,
                    "string": setting.get("title", name),
                    "type": PROPERTY_TYPES[setting["type"]],
                    "default": setting.get("default", False),
                }
            )
        return definition
