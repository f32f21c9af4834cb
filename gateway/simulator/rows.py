"""The rows of the desk's tables as it makes them, its columns in its order.

Source: recordings 001 to 055, readback/013, extra/001 to 030 and second/108 to 123.
"""

from __future__ import annotations

import re

from gateway.simulator.seed import name_id
from gateway.simulator.wire import Row


def board_row(tenant: str, board_id: str, given: Row, order: int) -> Row:
    reopen = given.get("reopen") or {}
    shown = {
        f"display_{name}": True
        for name in (
            "contact_name_id",
            "priority",
            "severity",
            "urgency",
            "impact",
            "category",
            "subcategory",
            "assigned_to",
            "status",
            "due_date",
        )
    }
    return {
        "tenant": tenant,
        "board_id": board_id,
        "board_name": given["name"],
        **shown,
        "is_inactive": bool(given.get("inactive")),
        "is_default": bool(given.get("default")),
        "display_itil_impact": False,
        "display_itil_urgency": False,
        "category_type": "custom",
        "priority_type": "custom",
        "display_order": order,
        "description": given.get("description"),
        "default_assigned_to": given.get("default_assigned_to"),
        "default_priority_id": given.get("default_priority_id"),
        "sla_policy_id": None,
        "manager_user_id": None,
        "default_assigned_team_id": None,
        "enable_live_ticket_timer": True,
        "inbound_reply_reopen_enabled": bool(reopen.get("enabled")),
        "inbound_reply_reopen_cutoff_hours": reopen.get("cutoff_hours", 168),
        "inbound_reply_reopen_status_id": reopen.get("status_id"),
        "inbound_reply_ai_ack_suppression_enabled": False,
        "is_pinned": False,
        "list_view_settings": None,
    }


def status_row(tenant: str, status_id: str, board_id: str | None, given: Row, order: int, at: str) -> Row:
    return {
        "tenant": tenant,
        "status_id": status_id,
        "name": given["name"],
        "status_type": given.get("type", "ticket"),
        "order_number": order,
        "created_by": given.get("created_by"),
        "created_at": at,
        "is_closed": bool(given.get("closed")),
        "item_type": None,
        "is_default": bool(given.get("default")),
        "color": given.get("color"),
        "icon": None,
        "board_id": board_id,
    }


def priority_row(tenant: str, priority_id: str, name: str, order: int, at: str, user: str | None) -> Row:
    return {
        "tenant": tenant,
        "priority_id": priority_id,
        "priority_name": name,
        "created_by": user,
        "created_at": at,
        "order_number": order,
        "color": "#6B7280",
        "item_type": "ticket",
        "updated_at": at,
        "is_from_itil_standard": False,
        "itil_priority_level": None,
    }


def category_row(
    tenant: str, category_id: str, board_id: str, parent: str | None, given: Row, order: int, at: str
) -> Row:
    return {
        "tenant": tenant,
        "category_id": category_id,
        "category_name": given["name"],
        "parent_category": parent,
        "created_by": given.get("created_by"),
        "created_at": at,
        "display_order": given.get("order", order),
        "is_from_itil_standard": bool(given.get("itil")),
        "board_id": board_id,
    }


def client_row(tenant: str, client_id: str, given: Row, at: str) -> Row:
    return {
        "tenant": tenant,
        "client_id": client_id,
        "client_name": given["name"],
        "url": given.get("url"),
        "properties": None,
        "billing_type": None,
        "payment_terms": None,
        "credit_limit": None,
        "preferred_payment_method": None,
        "auto_invoice": False,
        "invoice_delivery_method": None,
        "created_at": at,
        "updated_at": at,
        "is_inactive": bool(given.get("inactive")),
        "client_type": "company",
        "is_tax_exempt": False,
        "tax_exemption_certificate": None,
        "tax_id_number": None,
        "notes": None,
        "billing_cycle": "monthly",
        "timezone": None,
        "notes_document_id": None,
        "invoice_template_id": None,
        "billing_contact_id": None,
        "billing_email": None,
        "region_code": None,
        "account_manager_id": None,
        "default_currency_code": "USD",
        "sla_policy_id": None,
        "inbound_ticket_defaults_id": None,
        "lifecycle_status": "active",
        "credit_balance": "0",
        "account_manager_full_name": None,
        "logoUrl": None,
    }


def user_row(tenant: str, user_id: str, given: Row, at: str) -> Row:
    role = given.get("role", "Technician")
    return {
        "roles": [
            {
                "tenant": tenant,
                "role_id": given.get("role_id", user_id),
                "role_name": role,
                "description": role,
                "created_at": at,
                "updated_at": at,
                "msp": True,
                "client": False,
                "user_id": user_id,
            }
        ],
        "user_id": user_id,
        "username": given.get("username", given["email"].split("@")[0]),
        "first_name": given["first"],
        "last_name": given["last"],
        "email": given["email"],
        "phone": None,
        "timezone": None,
        "user_type": given.get("user_type", "internal"),
        "contact_id": None,
        "icon": None,
        "created_at": at,
        "updated_at": at,
        "two_factor_enabled": False,
        "two_factor_required_new_device": False,
        "is_google_user": False,
        "is_inactive": bool(given.get("inactive")),
        "tenant": tenant,
        "reports_to": None,
        "last_login_at": None,
        "last_login_method": None,
        "avatarUrl": None,
        "_links": {
            name: {"href": f"/api/v1/users/{user_id}/{name}", "method": "GET", "rel": "related"}
            for name in ("roles", "teams", "preferences", "avatar", "permissions")
        },
    }


def full_name(user: Row) -> str:
    return f"{user['first_name']} {user['last_name']}"


def email_row(address: str, kind: str, order: int, at: str) -> Row:
    return {
        "contact_additional_email_address_id": name_id("address", address.lower()),
        "email_address": address,
        "normalized_email_address": address.lower(),
        "canonical_type": kind,
        "custom_email_type_id": None,
        "custom_type": None,
        "display_order": order,
        "created_at": at,
        "updated_at": at,
    }


def phone_row(given: Row, order: int, at: str) -> Row:
    digits = re.sub(r"\D", "", given["phone_number"])
    shown = ("+" if given["phone_number"].lstrip().startswith("+") else "") + digits
    return {
        "contact_phone_number_id": name_id("phone", shown, str(order), at),
        "phone_number": shown,
        "extension": given.get("extension"),
        "normalized_phone_number": digits,
        "canonical_type": given.get("canonical_type"),
        "custom_phone_type_id": None,
        "custom_type": None,
        "is_default": bool(given.get("is_default", order == 0)),
        "display_order": order,
        "created_at": at,
        "updated_at": at,
    }


def contact_row(tenant: str, contact_id: str, given: Row, client_id: str | None, at: str) -> Row:
    return {
        "tenant": tenant,
        "contact_name_id": contact_id,
        "full_name": given["name"],
        "email": given["email"],
        "role": given.get("role"),
        "approver": None,
        "created_at": at,
        "updated_at": at,
        "is_inactive": bool(given.get("inactive")),
        "notes": given.get("notes"),
        "is_client_admin": False,
        "client_id": client_id,
        "notes_document_id": None,
        "inbound_ticket_defaults_id": None,
        "portal_visibility_group_id": None,
        "primary_email_canonical_type": given.get("email_type", "work"),
        "primary_email_custom_type_id": None,
        "_phones": [phone_row(phone, i, at) for i, phone in enumerate(given.get("phones", ()))],
        "_addresses": [email_row(a, "other", i, at) for i, a in enumerate(given.get("additional", ()))],
    }


def asset_row(tenant: str, asset_id: str, given: Row, client_id: str, at: str) -> Row:
    return {
        "tenant": tenant,
        "asset_id": asset_id,
        "asset_tag": given["tag"],
        "serial_number": given.get("serial"),
        "name": given["name"],
        "status": "active",
        "location": given.get("location"),
        "purchase_date": given.get("bought"),
        "warranty_end_date": given.get("warranty"),
        "attributes": None,
        "created_at": at,
        "updated_at": at,
        "asset_type": given.get("type", "workstation"),
        "client_id": client_id,
        "rmm_provider": None,
        "rmm_device_id": None,
        "rmm_organization_id": None,
        "agent_status": None,
        "last_seen_at": None,
        "last_rmm_sync_at": None,
        "notes_document_id": None,
        "location_id": None,
        "service_id": None,
        "stock_unit_id": None,
    }


def ticket_row(tenant: str, ticket_id: str, body: Row, number: str, at: str, user: str) -> Row:
    return {
        "tenant": tenant,
        "ticket_id": ticket_id,
        "ticket_number": number,
        "title": body["title"],
        "url": None,
        "contact_name_id": body.get("contact_name_id"),
        "status_id": body["status_id"],
        "category_id": body.get("category_id"),
        "subcategory_id": body.get("subcategory_id"),
        "priority_id": body["priority_id"],
        "severity_id": None,
        "urgency_id": None,
        "impact_id": None,
        "entered_by": user,
        "updated_by": None,
        "assigned_to": body.get("assigned_to"),
        "closed_by": None,
        "entered_at": at,
        "updated_at": at,
        "closed_at": None,
        "is_closed": False,
        "attributes": body.get("attributes"),
        "due_date": None,
        "location_id": body.get("location_id"),
        "email_metadata": None,
        "itil_impact": None,
        "itil_urgency": None,
        "itil_priority_level": None,
        "escalated": False,
        "escalation_level": None,
        "escalated_at": None,
        "escalated_by": None,
        "board_id": body["board_id"],
        "client_id": body["client_id"],
        "response_state": None,
        "master_ticket_id": None,
        "source": "api",
        "ticket_origin": "api",
        "sla_policy_id": None,
        "sla_started_at": None,
        "sla_response_due_at": None,
        "sla_response_at": None,
        "sla_response_met": None,
        "sla_resolution_due_at": None,
        "sla_resolution_at": None,
        "sla_resolution_met": None,
        "sla_paused_at": None,
        "sla_total_pause_minutes": 0,
        "assigned_team_id": None,
        "billing_profile_id": None,
    }
